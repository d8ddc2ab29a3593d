/** One alert on a page of its own, with the cases that it belongs to. */
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page, Section } from "../../parts/page.tsx";
import { Failed, Loading } from "../../parts/states.tsx";
import { useUrl } from "../../parts/url.ts";
import { AlertLine, AlertTabs, useAlert, type Which } from "./record.tsx";

export function AlertPage(): ReactNode {
  const { id } = useParams({ from: "/alerts/$id" });
  const url = useUrl();
  // Several streams and connections may have an id: the address says which is meant.
  const found = useAlert({ id, stream: url.get("stream") as Which["stream"], connection: url.get("connection") });
  if (found.isPending) return <Loading what="Loading the alert" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { alert } = found.data;
  return (
    <Page title={alert.name ?? alert.id} above={<Link to="/alerts">Alerts</Link>} lead={<AlertLine detail={found.data} />} actions={alert.device === null ? undefined : <Link to="/cases" search={{ status: "any", text: alert.device }}>Cases of {alert.device}</Link>}>
      <Section title="The alert" aside={<code>{alert.id}</code>}>
        <AlertTabs detail={found.data} />
      </Section>
    </Page>
  );
}
