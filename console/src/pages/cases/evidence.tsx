/** One alert behind a case, over the case: all that its own page shows. */
import { Modal } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { Facts } from "../../parts/page.tsx";
import { Failed, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { Outside } from "../../parts/words.tsx";
import { AlertLine, AlertTabs, useAlert, type Which } from "../alerts/record.tsx";
import type { Member } from "./words.ts";

export function Evidence({ member, onClose }: { readonly member: Member | null; readonly onClose: () => void }): ReactNode {
  return (
    <Modal opened={member !== null} onClose={onClose} size="xl" title={member?.name ?? member?.id ?? "Alert"} closeButtonProps={{ "aria-label": "Close" }}>
      {member === null ? null : member.stream === "agents" ? <AgentTrouble member={member} /> : <Alert which={{ id: member.id, stream: member.stream, connection: member.connection }} alsoReadBy={member.alsoReadBy} />}
    </Modal>
  );
}

function AgentTrouble({ member }: { readonly member: Member }): ReactNode {
  return (
    <div className="stack">
      <p>This is about the agent itself, not about an alert of the console.</p>
      <Facts facts={[{ name: "Device", value: member.device ?? "not known" }, { name: "Since", value: exact(member.at) }]} />
      <Outside href={member.link}>Open in the console</Outside>
    </div>
  );
}

function Alert({ which, alsoReadBy }: { readonly which: Which; readonly alsoReadBy: Member["alsoReadBy"] }): ReactNode {
  const found = useAlert(which);
  if (found.isPending) return <Loading what="Loading the alert" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  return (
    <div className="stack">
      <AlertLine detail={found.data} />
      <AlertTabs detail={found.data} />
      <p>
        <Link to="/alerts/$id" params={{ id: which.id }} search={{ stream: which.stream, connection: which.connection }}>
          The alert on a page of its own
        </Link>
      </p>
      {alsoReadBy.length === 0 ? null : (
        <p className="faint">
          It counts once, though several connections of the console read it. As read by{" "}
          {alsoReadBy.map(({ connection }, place) => (
            <Fragment key={connection}>
              {place === 0 ? "" : ", "}
              <Link to="/alerts/$id" params={{ id: which.id }} search={{ stream: which.stream, connection }}>
                {connection}
              </Link>
            </Fragment>
          ))}
        </p>
      )}
    </div>
  );
}
