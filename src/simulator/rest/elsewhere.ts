/** What the console's host answers outside of `/web/api/v2.1`. */
import type { Answer } from "../errors.ts";

/** The data lake's queries take `Bearer` alone and say so in their own way; everything else is not there. */
export function answerElsewhere(pathname: string, authorization: string | undefined): Answer {
  const given = authorization ?? "";
  if (pathname.startsWith("/sdl/") && !given.startsWith("Bearer ")) {
    return { status: 500, body: { message: `Header must start with Bearer, but actually starts with "${given.slice(0, 6)}"`, status: "error/client/badParam" } };
  }
  return { status: 404, headers: { "content-type": "text/plain" }, body: "404 page not found\n" };
}
