/** The thread behind `page-mapper.ts`: one listing at a time, in the order they come. */
import { parentPort } from "node:worker_threads";
import { asFault, Fault } from "../kernel/fault.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import { pack, type MapReply, type MapRequest } from "./page-mapper.ts";

parentPort?.on("message", (request: MapRequest) => {
  const reply = answer(request);
  parentPort?.postMessage(reply, "listing" in reply ? [reply.listing.body, reply.listing.values.buffer] : []);
});

function answer({ id, stream, body, length }: MapRequest): MapReply {
  try {
    const mapBody = streamOf(stream)?.mapBody;
    if (mapBody === undefined) throw new Fault("INTERNAL", `${stream} is no plain listing.`);
    return { id, listing: pack(mapBody(Buffer.from(body, 0, length)), body) };
  } catch (error) {
    const { code, message, cure, details } = asFault(error);
    return { id, fault: { code, message, cure, details } };
  }
}
