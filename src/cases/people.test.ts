import { expect, it } from "vitest";
import { peopleIn } from "./people.ts";

it.each([
  [[], 0],
  [["j.orozco", "ORCHARD\\J.Orozco", "j.orozco@orchard.example"], 1],
  [["WORKGROUP\\kim", "kim", "LT-7\\kim"], 1],
  [["ORCHARD\\admin", "HALDEN\\admin", "admin"], 2],
  [["ORCHARD\\admin", "HALDEN\\admin", "m.voss"], 3],
  [["NT AUTHORITY\\SYSTEM", "SYSTEM"], 1],
  [["\\", "@", "x\\"], 3],
])("%j are %i people", (names, people) => {
  expect(peopleIn(names)).toBe(people);
});
