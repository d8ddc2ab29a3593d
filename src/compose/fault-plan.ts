/** A fault plan from a file, for `vedette simulate --faults`. Its contents are the simulator's to judge; this says what is wrong with the file. */
import { readFileSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import { readFaultPlan, type FaultPlan } from "../simulator/index.ts";

export function faultPlan(file: string): FaultPlan {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("CONFIG_INVALID", `The fault plan ${file} cannot be read.`, { cause: error });
  }
  try {
    return readFaultPlan(JSON.parse(text));
  } catch (error) {
    const why = error instanceof RangeError ? error.message : "it is not JSON";
    throw new Fault("CONFIG_INVALID", `The fault plan ${file} cannot be used: ${why}.`, { cause: error, cure: "docs/simulator.md shows the form." });
  }
}
