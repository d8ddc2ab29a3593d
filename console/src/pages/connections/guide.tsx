/** Where a token is made, for each layout that the console may have. */
import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { Failed, Loading } from "../../parts/states.tsx";

export function Guide(): ReactNode {
  const guide = useAsk("GET /api/v1/guide", {});
  if (guide.isPending) return <Loading what="Loading the guide" />;
  if (guide.isError) return <Failed fault={guide.error} again={() => void guide.refetch()} />;
  return (
    <Tabs defaultValue={guide.data[0]?.title ?? null} keepMounted={false} orientation="horizontal">
      <Tabs.List>
        {guide.data.map(({ title }) => (
          <Tabs.Tab key={title} value={title}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {guide.data.map(({ title, steps }) => (
        <Tabs.Panel key={title} value={title} pt="sm">
          <ol className="guide">
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
