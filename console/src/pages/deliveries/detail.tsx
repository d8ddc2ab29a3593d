/** One destination: what it gets, how it goes, what became of each delivery, and what can be done with it. */
import { Button, Menu, TextInput } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { ConfirmByName } from "../../parts/confirm-by-name.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { exact, waited } from "../../parts/time.ts";
import { Ago, count, many, sentence, Tag } from "../../parts/words.tsx";
import { ConditionFields, conditionsFrom, conditionsOf, type Conditions } from "./conditions.tsx";
import { DeliveryPlots } from "./plots.tsx";
import { Secret } from "./secret.tsx";
import { DeliveriesTable } from "./table.tsx";
import { getsOf, kindName, placeOf, stateOf, TOUCHED, type Destination } from "./words.ts";

export function DestinationPage(): ReactNode {
  const { id } = useParams({ from: "/deliveries/$id" });
  const found = useAsk("GET /api/v1/destinations/{id}", { params: { id } }, { every: 10_000 });
  if (found.isPending) return <Loading what="Loading the destination" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const one = found.data;
  const { tone, word } = stateOf(one);
  const { to: _to, host: _host, file: _file, ...more } = one.shown;
  return (
    <Page
      title={one.name}
      above={<Link to="/deliveries">Deliveries</Link>}
      lead={
        <span className="row">
          <Tag tone={tone}>{word}</Tag>
          <span>
            {kindName(one.kind)} · {placeOf(one)}
          </span>
        </span>
      }
      actions={<Actions one={one} />}
    >
      {one.fault === null || one.pausedAt !== null ? null : <FaultNote fault={{ name: "fault", code: one.fault.code, message: `${one.name} takes nothing since ${exact(one.fault.since)}: ${one.fault.reason}`, cure: "It is tried again by itself; nothing that waits is lost." }} />}
      {one.pausedAt === null ? null : <p className="note">Paused <Ago at={one.pausedAt} />. What comes meanwhile waits, in order.</p>}
      <Section title="What it gets">
        <Facts
          facts={[
            { name: "Told of", value: getsOf(one) },
            { name: "Format", value: one.format },
            { name: "Of tenants", value: one.tenants.includes("*") ? "all" : many(one.tenants.length, "tenant") },
            { name: "Waiting", value: one.oldestQueuedAt === null ? "nothing" : `${count(one.queued)}, the oldest for ${waited(one.oldestQueuedAt)}` },
            { name: "Set aside", value: <span className={one.parked > 0 ? "bad-text strong" : undefined}>{count(one.parked)}</span> },
            { name: "Delivered", value: count(one.delivered) },
            { name: "Last accepted", value: <Ago at={one.deliveredAt} /> },
            { name: "A repeat", value: one.repeats === "absorbed" ? "is absorbed over there" : "is seen twice over there, under one id" },
            { name: "Added", value: <Ago at={one.createdAt} /> },
            ...Object.entries(more).filter(([, value]) => value !== null).map(([name, value]) => ({ name: sentence(name.replaceAll(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`)), value: typeof value === "boolean" ? (value ? "yes" : "no") : String(value) })),
          ]}
        />
      </Section>
      <DeliveryPlots destination={one.id} />
      <DeliveriesTable destinations={[one]} only={one.id} />
    </Page>
  );
}

type Asking = "edit" | "rotate" | "remove" | "replay" | "test" | null;

function Actions({ one }: { readonly one: Destination }): ReactNode {
  const mayWrite = useMay("destinations.write");
  const mayReplay = useMay("deliveries.replay");
  const [asking, setAsking] = useState<Asking>(null);
  const change = useChange("PATCH /api/v1/destinations/{id}", TOUCHED);
  const test = useChange("POST /api/v1/destinations/{id}/test", []);
  const replay = useChange("POST /api/v1/deliveries/replay", TOUCHED);
  const params = { id: one.id };
  const close = (): void => setAsking(null);
  return (
    <>
      {mayReplay && one.parked > 0 ? (
        <Button onClick={() => setAsking("replay")}>
          Send again
        </Button>
      ) : null}
      {mayWrite ? (
        <>
          <Button variant="default" onClick={() => { setAsking("test"); test.mutate({ params }); }}>
            Test
          </Button>
          <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ params, body: { paused: one.pausedAt === null } })}>
            {one.pausedAt === null ? "Pause" : "Resume"}
          </Button>
          <Menu position="bottom-end" shadow="md" width={190}>
            <Menu.Target>
              <Button variant="default">More</Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setAsking("edit")}>Change what it gets…</Menu.Item>
              {one.kind === "webhook" ? <Menu.Item onClick={() => setAsking("rotate")}>A new signing secret…</Menu.Item> : null}
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => setAsking("remove")}>
                Remove…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {asking === "edit" ? <Edit one={one} onClose={close} /> : null}
          <Rotate one={one} open={asking === "rotate"} onClose={close} />
          <Remove one={one} open={asking === "remove"} onClose={close} />
          <Confirm open={asking === "test"} title={`Test ${one.name}`} act="Test again" busy={test.isPending} fault={test.error} onClose={close} onAct={() => test.mutate({ params })}>
            {test.data === undefined ? <p className="faint">One fact is being sent…</p> : <TestResult result={test.data} />}
          </Confirm>
        </>
      ) : null}
      <Confirm open={asking === "replay"} title={`Send again what ${one.name} refused?`} act="Send again" busy={replay.isPending} fault={replay.error} onClose={() => { close(); replay.reset(); }} onAct={() => replay.mutate({ body: { destination: one.id, all: true, state: "parked" } }, { onSuccess: close })}>
        <p>{many(one.parked, "delivery", "deliveries")} go into the queue again, in order and under their own ids. What is still refused comes back here.</p>
      </Confirm>
      {change.error === null ? null : <FaultNote fault={change.error} />}
    </>
  );
}

function TestResult({ result }: { readonly result: Answer<"POST /api/v1/destinations/{id}/test"> }): ReactNode {
  if (result.outcome === "accepted") return <p className="note note-good">It was accepted, after {count(result.ms)} ms. One fact of the kind <code>vedette.test</code> is over there now.</p>;
  return <FaultNote tone={result.outcome === "refused" ? "bad" : "warn"} fault={{ name: "test", code: result.code ?? "", message: result.outcome === "refused" ? `It was refused: ${result.reason ?? ""}` : `It was not accepted now: ${result.reason ?? ""}`, cure: result.outcome === "refused" ? "What is sent like this is set aside." : "What is sent like this waits and is tried again." }} />;
}

interface DialogProps {
  readonly one: Destination;
  readonly open: boolean;
  readonly onClose: () => void;
}

function Edit({ one, onClose }: Omit<DialogProps, "open">): ReactNode {
  const [name, setName] = useState(one.name);
  const [conditions, setConditions] = useState<Conditions>(() => conditionsFrom(one));
  const change = useChange("PATCH /api/v1/destinations/{id}", TOUCHED);
  const save = (): void => {
    const { facts, filter } = conditionsOf(conditions);
    const { severity = null, products = null, sites = null } = filter;
    change.mutate({ params: { id: one.id }, body: { name: name.trim(), facts: facts.length === 0 ? null : facts, filter: { severity, products, sites } } }, { onSuccess: onClose });
  };
  return (
    <Confirm open wide title={`Change ${one.name}`} act="Save" busy={change.isPending} fault={change.error} onClose={onClose} onAct={save}>
      <TextInput label="Name" required maxLength={100} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <ConditionFields conditions={conditions} onConditions={setConditions} />
      <p className="faint">This holds from now on; what waits already still goes. Where it leads and in which format cannot be changed: that would be another destination.</p>
    </Confirm>
  );
}

function Rotate({ one, open, onClose }: DialogProps): ReactNode {
  const rotate = useChange("POST /api/v1/destinations/{id}/rotate", TOUCHED);
  const added = rotate.data ?? null;
  const close = (): void => {
    rotate.reset();
    onClose();
  };
  return (
    <>
      <Confirm open={open && added === null} title={`A new signing secret for ${one.name}`} act="Make one" busy={rotate.isPending} fault={rotate.error} onClose={close} onAct={() => rotate.mutate({ params: { id: one.id }, body: {} })}>
        <p>The old one signs too for 24 hours, so that the receiver can be told in between.</p>
      </Confirm>
      <Secret of={added} onClose={close} />
    </>
  );
}

function Remove({ one, open, onClose }: DialogProps): ReactNode {
  const navigate = useNavigate();
  // The page of what is gone may be gone before the answer is through: whoever waits for it is led away all the same.
  const remove = useChange("DELETE /api/v1/destinations/{id}", ["GET /api/v1/destinations", "GET /api/v1/deliveries"]);
  const close = (): void => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmByName open={open} title={`Remove ${one.name}?`} act="Remove" busy={remove.isPending} name={one.name} fault={remove.error} onClose={close} onAct={() => void remove.mutateAsync({ params: { id: one.id } }).then(() => navigate({ to: "/deliveries" }), () => undefined)}>
      Its secrets are destroyed, and {many(one.queued, "waiting delivery", "waiting deliveries")} and {many(one.parked, "one that was", "that were")} set aside are forgotten. What it has is not touched.
    </ConfirmByName>
  );
}
