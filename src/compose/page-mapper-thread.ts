/** The thread behind `page-mapper.ts`: one listing at a time, in the order they come. */
import { parentPort } from "node:worker_threads";
import { asFault, Fault } from "../kernel/fault.ts";
import { streamOf } from "../sentinelone/streams/index.ts";
import { pack, type MapReply, type MapRequest } from "./page-mapper.ts";

parentPort?.on("message", (request: MapRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer({ id, stream, body }: MapRequest): MapReply {
  try {
    const mapBody = streamOf(stream)?.mapBody;
    if (mapBody === undefined) throw new Fault("INTERNAL", `${stream} is no plain listing.`);
    const listing = pack(mapBody(Buffer.from(body)));
    // Frees the page's bytes now: this thread has too little garbage to collect them soon.
    body.transfer(0);
    return { id, listing };
  } catch (error) {
    const { code, message, cure, details } = asFault(error);
    return { id, fault: { code, message, cure, details } };
  }
}
