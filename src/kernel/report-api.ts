/** Shapes of reports in our HTTP API, shared by the route that answers and the command that asks. */
import Type from "typebox";

export const REPORT_FORMATS = ["html", "csv"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const MonthlyQuery = Type.Object({
  /** The one there is no doubt about when left out. */
  tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  month: Type.String({ pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$", description: "Like 2026-11." }),
  /** Where the month begins and ends; UTC when left out. */
  timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
  format: Type.Optional(Type.Enum([...REPORT_FORMATS])),
});
