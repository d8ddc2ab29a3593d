/** One of the filters above a table: what is chosen stands in the address, and nothing chosen is everything. */
import { Select } from "@mantine/core";
import type { ReactNode } from "react";
import { useUrl } from "./url.ts";

interface UrlChoiceProps {
  /** As it stands in the address. */
  readonly param: string;
  readonly label: string;
  /** What nothing chosen means. */
  readonly any: string;
  readonly data: readonly (string | { readonly value: string; readonly label: string })[];
  /** Pixels. */
  readonly width?: number;
}

export function UrlChoice({ param, label, any, data, width }: UrlChoiceProps): ReactNode {
  const url = useUrl();
  return <Select aria-label={label} placeholder={any} clearable clearButtonProps={{ "aria-label": any }} data={data} value={url.get(param) ?? null} onChange={(value) => url.set({ [param]: value ?? undefined })} {...(width === undefined ? {} : { w: width })} />;
}
