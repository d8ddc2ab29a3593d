/** Adds a connection in three steps: where the console is, its token, and what may be read of it. Nothing is saved before the last. */
import { Button, Checkbox, NumberInput, PasswordInput, TextInput } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useChange } from "../../api/queries.ts";
import { useSession } from "../../api/session.ts";
import { Page, Section } from "../../parts/page.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { TenantChoice } from "../../parts/tenant-choice.tsx";
import { useTenant } from "../../parts/url.ts";
import { many } from "../../parts/words.tsx";
import { Guide } from "./guide.tsx";
import { VerifyLines } from "./verify-lines.tsx";
import { hostOf, type VerifyAnswer } from "./words.ts";

type Step = "address" | "token" | "reading";

const STEPS: readonly (readonly [Step, string])[] = [
  ["address", "Console"],
  ["token", "Token"],
  ["reading", "What may be read"],
];

const LOOK_BACK_DAYS = 7;

export function AddConnectionPage(): ReactNode {
  const [step, setStep] = useState<Step>("address");
  const [address, setAddress] = useState("");
  const [token, setToken] = useState("");
  const verify = useChange("POST /api/v1/verify", []);
  const here = STEPS.findIndex(([id]) => id === step);
  return (
    <Page title="Add a connection" above={<Link to="/connections">Connections</Link>} lead="Three steps. Vedette reads with the token and never changes anything at the console.">
      <ol className="steps">
        {STEPS.map(([id, name], index) => (
          <li key={id} aria-current={id === step ? "step" : undefined} className={index < here ? "step-done" : undefined}>
            {name}
          </li>
        ))}
      </ol>
      {step === "address" ? <AddressStep address={address} onAddress={setAddress} onDone={() => { verify.reset(); setStep("token"); }} /> : null}
      {step === "token" ? <TokenStep address={address} token={token} onToken={(given) => { setToken(given); verify.reset(); }} verify={verify} onBack={() => setStep("address")} onDone={() => setStep("reading")} /> : null}
      {step === "reading" && verify.data !== undefined ? <ReadingStep token={token} found={verify.data} onBack={() => setStep("token")} /> : null}
    </Page>
  );
}

function AddressStep({ address, onAddress, onDone }: { readonly address: string; readonly onAddress: (address: string) => void; readonly onDone: () => void }): ReactNode {
  const [trouble, setTrouble] = useState<string | null>(null);

  function done(): void {
    const given = address.trim();
    const whole = /^https?:\/\//u.test(given) ? given : `https://${given}`;
    // A browser takes nearly anything for a host; a console's is a name with a dot, or an address.
    if (!/^https?:\/\/[\w.-]*\.[\w.-]+(?::\d+)?(?:\/|$)/u.test(whole) || !URL.canParse(whole)) {
      setTrouble("That is no address. It looks like https://usea1-011.sentinelone.net.");
      return;
    }
    onAddress(new URL(whole).origin);
    onDone();
  }

  return (
    <div className="columns">
      <Section title="Where is the console?">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            done();
          }}
        >
          <TextInput size="sm" label="Console address" description="What stands in the browser while you are signed in to SentinelOne. Anything after the host is left out." placeholder="https://usea1-011.sentinelone.net" required autoFocus autoComplete="url" spellCheck={false} value={address} error={trouble} onChange={(event) => { onAddress(event.currentTarget.value); setTrouble(null); }} />
          <div className="row">
            <Button type="submit">Continue</Button>
            <Button variant="default" component={Link} to="/connections">
              Cancel
            </Button>
          </div>
        </form>
      </Section>
      <Section title="What you need">
        <ul className="guide">
          <li>The address of your console.</li>
          <li>A token of a service user with the role Viewer, valid one year. The next step says where it is made.</li>
          <li>The widest scope that you want to see: a token of a site shows that site only.</li>
        </ul>
      </Section>
    </div>
  );
}

interface TokenStepProps {
  readonly address: string;
  readonly token: string;
  readonly onToken: (token: string) => void;
  readonly verify: ReturnType<typeof useChange<"POST /api/v1/verify">>;
  readonly onBack: () => void;
  readonly onDone: () => void;
}

function TokenStep({ address, token, onToken, verify, onBack, onDone }: TokenStepProps): ReactNode {
  const found = verify.data;
  return (
    <div className="columns">
      <div className="column">
        <Section title={`A token of ${hostOf(address)}`}>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              verify.mutate({ body: { url: address, token: token.trim() } });
            }}
          >
            <PasswordInput size="sm" label="API token" description="It is checked now, sealed on the hub's disk when you save, and never shown again." required autoFocus autoComplete="off" spellCheck={false} value={token} onChange={(event) => onToken(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the token" }} />
            {verify.error === null ? null : <FaultNote fault={verify.error} />}
            <div className="row">
              {found?.ok === true ? (
                <Button type="button" onClick={onDone}>
                  Continue
                </Button>
              ) : (
                <Button type="submit" loading={verify.isPending}>
                  Verify
                </Button>
              )}
              <Button variant="default" onClick={onBack}>
                Change the address
              </Button>
            </div>
          </form>
        </Section>
        {found === undefined ? null : (
          <Section title={found.ok ? "Everything needed is there" : "This does not work yet"} aside={found.ok && found.identity?.name ? `as ${found.identity.name}` : undefined}>
            <VerifyLines answer={found} />
          </Section>
        )}
      </div>
      <Section title="Where a token is made">
        <Guide />
      </Section>
    </div>
  );
}

function ReadingStep({ token, found, onBack }: { readonly token: string; readonly found: VerifyAnswer; readonly onBack: () => void }): ReactNode {
  const { tenants } = useSession();
  const chosenTenant = useTenant();
  const navigate = useNavigate();
  const add = useChange("POST /api/v1/connections", ["GET /api/v1/streams/status", "GET /api/v1/connections"]);
  const readable = found.streams.filter((stream) => stream.readable).map(({ stream }) => stream);
  const [name, setName] = useState(() => nameOf(hostOf(found.url)));
  const [tenant, setTenant] = useState(chosenTenant ?? tenants[0]?.id ?? "");
  const [owners, setOwners] = useState("");
  const [streams, setStreams] = useState<readonly string[]>(readable);
  const [lookBack, setLookBack] = useState<number>(LOOK_BACK_DAYS);

  async function save(): Promise<void> {
    const wanted = readable.filter((stream) => streams.includes(stream));
    const people = owners.split(/[\s,;]+/u).filter((owner) => owner !== "");
    const { connection } = await add.mutateAsync({ body: { url: found.url, token: token.trim(), name: name.trim(), sync: true, lookBackDays: lookBack, ...(tenant === "" ? {} : { tenant }), ...(people.length === 0 ? {} : { owners: people }), ...(wanted.length === readable.length ? {} : { streams: wanted }) } });
    await navigate({ to: "/connections/$id", params: { id: connection.id } });
  }

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        // The fault is shown below.
        save().catch(() => undefined);
      }}
    >
      <Section title="Name and owner">
        <div className="form-grid">
          <TextInput label="Name" required autoFocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          {tenants.length > 1 ? <TenantChoice label="Tenant" labelled value={tenant} onChange={setTenant} /> : null}
          <TextInput label="Owners" description="Mail addresses; told when the token ends." placeholder="soc@example.com" value={owners} onChange={(event) => setOwners(event.currentTarget.value)} />
          <NumberInput size="xs" label="Days to look back" description="How far back alerts and activities are read at first." min={0} max={3650} allowDecimal={false} value={lookBack} onChange={(value) => setLookBack(Number(value))} />
        </div>
      </Section>
      <Section title="What may be read" aside={`${String(streams.length)} of ${many(found.streams.length, "stream")}`}>
        <div className="choices">
          {found.streams.map((stream) => (
            <Checkbox
              key={stream.stream}
              label={stream.stream}
              description={stream.readable ? undefined : `${stream.message}${stream.missingPermission === null ? "" : ` Needs: ${stream.missingPermission}.`}`}
              disabled={!stream.readable}
              checked={streams.includes(stream.stream)}
              onChange={(event) => setStreams(event.currentTarget.checked ? [...streams, stream.stream] : streams.filter((one) => one !== stream.stream))}
            />
          ))}
        </div>
      </Section>
      {found.beyondReading !== null && found.beyondReading.length > 0 ? (
        <FaultNote tone="warn" fault={{ name: "warning", message: `This token may do more than read: ${found.beyondReading.slice(0, 4).join(", ")}${found.beyondReading.length > 4 ? " …" : ""}.` }} />
      ) : null}
      {add.error === null ? null : <FaultNote fault={add.error} />}
      <div className="row">
        <Button type="submit" loading={add.isPending} disabled={streams.length === 0}>
          Save and start reading
        </Button>
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
      </div>
    </form>
  );
}

/** `usea1-011.sentinelone.net` → `usea1-011`; an address stays whole. */
function nameOf(host: string): string {
  return host.endsWith(".sentinelone.net") ? (host.split(".")[0] ?? host) : host;
}
