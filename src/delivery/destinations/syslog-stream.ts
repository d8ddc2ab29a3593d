/**
 * What goes down a stream to a receiver that answers nothing, and how sure one can be of it. Either each text has a connection of its own,
 * whose orderly end by the receiver is the proof that it read all; or one is kept, and what was handed to the network counts as sent.
 */
import type { Socket } from "node:net";
import { Fault } from "../../kernel/fault.ts";
import { networkFault } from "../../net/http.ts";

export interface StreamOptions {
  /** `host:port`, for messages. */
  readonly target: string;
  readonly kept: boolean;
  connect(signal: AbortSignal): Promise<Socket>;
}

export interface Stream {
  /** A Fault unless the text counts as sent. */
  send(text: string, within: AbortSignal): Promise<void>;
  /** Connects and ends, with nothing said. */
  check(within: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createStream({ target, kept: keeps, connect }: StreamOptions): Stream {
  let kept: Socket | null = null;

  function keep(socket: Socket): Socket {
    const forget = (): void => {
      if (kept === socket) kept = null;
      socket.destroy();
    };
    socket.on("error", forget).on("end", forget).on("close", forget);
    kept = socket;
    return socket;
  }

  async function withOwn(text: string, within: AbortSignal): Promise<void> {
    const began = performance.now();
    const socket = await connect(within);
    await toItsEnd(socket, text, performance.now() - began, within, target);
  }

  return {
    async send(text, within) {
      if (keeps) return written(kept ?? keep(await connect(within)), text, within, target);
      return withOwn(text, within);
    },
    async check(within) {
      if (!keeps) return withOwn("", within);
      heard(await connect(within)).destroy();
    },
    async close() {
      kept?.destroySoon();
      kept = null;
    },
  };
}

/** An error that nobody listens for would end the process, also one that comes when all is said. */
function heard(socket: Socket): Socket {
  return socket.on("error", () => undefined);
}

/** Between what was written and our end: by then all of it is over there, and whoever closes without having read it resets. */
const LEAST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 250;

/**
 * Writes, ends, and waits for the other side's end. One that comes before ours is no proof: it was not our end that was read. Connecting took
 * at least one way there and back, so a pause as long lets what was written arrive.
 */
async function toItsEnd(socket: Socket, text: string, connectMs: number, within: AbortSignal, target: string): Promise<void> {
  let ended = false;
  let pause: NodeJS.Timeout | undefined;
  const end = (): void => {
    pause = setTimeout(() => {
      socket.end(() => {
        ended = true;
      });
    }, Math.min(Math.max(connectMs, LEAST_PAUSE_MS), LONGEST_PAUSE_MS));
  };
  try {
    await exchange(heard(socket), within, {
      target,
      late: `${target} did not close the connection in turn, so nothing proves that it has read everything (config/confirm can be \`written\`).`,
      begin() {
        if (text === "") end();
        else socket.write(text, (error) => (error ? undefined : end()));
      },
      theirEnd: () => ended,
    });
  } finally {
    clearTimeout(pause);
    socket.destroy();
  }
}

async function written(socket: Socket, text: string, within: AbortSignal, target: string): Promise<void> {
  try {
    await exchange(socket, within, {
      target,
      late: `${target} takes nothing more for now.`,
      begin: (done) =>
        void socket.write(text, (error) => {
          if (!error) done();
        }),
      theirEnd: () => false,
    });
  } catch (error) {
    // Half a message may have gone: what follows it would be read as its rest.
    socket.destroy();
    throw error;
  }
}

interface Exchange {
  readonly target: string;
  /** What is said where nothing comes of it in time. */
  readonly late: string;
  begin(done: () => void): void;
  /** Whether the other side's end, coming now, is a good one. */
  theirEnd(): boolean;
}

async function exchange(socket: Socket, within: AbortSignal, { target, late, begin, theirEnd }: Exchange): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const early = (): void => reject(new Fault("S1_UNREACHABLE", `${target} closed the connection before it had everything.`));
  const failed = (error: unknown): void => reject(networkFault(error, target, false, undefined));
  const end = (): void => (theirEnd() ? resolve() : early());
  const stop = (): void => reject(new Fault("S1_UNREACHABLE", late));
  socket.on("error", failed).on("close", early).on("end", end);
  within.addEventListener("abort", stop, { once: true });
  // A receiver that talks is not listened to, but read, or its end would never be seen.
  socket.resume();
  begin(resolve);
  if (within.aborted) stop();
  try {
    await promise;
  } finally {
    within.removeEventListener("abort", stop);
    socket.off("error", failed).off("close", early).off("end", end);
  }
}
