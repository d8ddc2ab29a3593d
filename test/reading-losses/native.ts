/** Imported by Node itself, not by the test runner, so that what it imports passes the hooks of `planted.ts`. */
export async function load(url: string): Promise<unknown> {
  return import(url);
}
