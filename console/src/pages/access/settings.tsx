/** From when on something counts as a risk, and the lists of people that users of the consoles are compared with. */
import type { ReactNode } from "react";
import { AskTenant, useOneTenant } from "../../parts/of-one-tenant.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { PeopleLists } from "./people-lists.tsx";
import { Thresholds } from "./thresholds.tsx";
import { ACCESS_PLACES } from "./words.ts";

export function AccessSettingsPage(): ReactNode {
  const { tenant, ask } = useOneTenant();
  return (
    <Page title="Settings of access risks" lead="What counts as a risk, for all tenants or for one; and who is known elsewhere, so that nobody keeps access that should have ended.">
      <Places name="Access" places={ACCESS_PLACES} />
      {ask ? <AskTenant title="Whose settings?">Each tenant may have thresholds of its own.</AskTenant> : <Thresholds key={tenant ?? ""} tenant={tenant} />}
      <PeopleLists tenant={tenant} />
    </Page>
  );
}
