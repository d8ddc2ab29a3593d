/** Serial numbers that several devices have: which one is meant cannot be known, so that rules that go by the serial refuse until somebody says. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call, type Answer } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { Ago, many, Tag } from "../../parts/words.tsx";
import { DEVICE_PLACES } from "./words.ts";

type Shared = Answer<"GET /api/v1/posture/serials/duplicates">["items"][number];

const OUTCOMES: Readonly<Record<Shared["outcome"], string>> = { "tie-break": "The one that is in use", preferred: "Decided", ambiguous: "Ambiguous" };

export function SerialsPage(): ReactNode {
  const pages = usePages<Shared>(["GET /api/v1/posture/serials/duplicates"], (after, signal, limit) => call("GET /api/v1/posture/serials/duplicates", { query: { after, limit } }, signal));
  return (
    <Page title="Ambiguous serials" lead="Several devices report the same serial number. A question by that number is answered for none of them, until the others are gone or somebody decides.">
      <Places name="Devices and posture" places={DEVICE_PLACES} />
      {pages.pending ? (
        <Loading what="Looking for shared serial numbers" />
      ) : pages.fault !== null ? (
        <Failed fault={pages.fault} again={pages.again} />
      ) : pages.rows.length === 0 ? (
        <Empty title="Every serial number belongs to one device.">Nothing needs deciding.</Empty>
      ) : (
        pages.rows.map((shared) => (
          <Section key={shared.serialKey} title={shared.serialKey} aside={<Tag tone={shared.outcome === "ambiguous" ? "warn" : "good"}>{OUTCOMES[shared.outcome]}</Tag>}>
            <p className="faint">{many(shared.count, "device")}</p>
            <ul className="plain-list">
              {shared.devices.map((device) => (
                <li key={`${device.connection} ${device.agentId}`}>
                  <Link to="/devices/$id" params={{ id: `${device.connection}:${device.agentId}` }}>
                    {device.hostname ?? device.agentId}
                  </Link>{" "}
                  <span className="faint">
                    {[device.siteName, device.userName].filter((word) => word !== null).join(" · ")} · last active <Ago at={device.lastActive} />
                    {shared.chosen?.agentId === device.agentId ? " · this one is meant" : ""}
                  </span>
                </li>
              ))}
            </ul>
            {shared.decisions.map((decision) => (
              <p key={decision.decidedAt} className="faint">
                {decision.decidedBy}: {decision.reason}
              </p>
            ))}
          </Section>
        ))
      )}
      {pages.more ? (
        <button type="button" className="link" onClick={pages.loadMore}>
          Show more
        </button>
      ) : null}
    </Page>
  );
}
