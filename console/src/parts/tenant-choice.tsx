/** One tenant of those that one sees: a plain list, or a search where they are too many for one. */
import { NativeSelect } from "@mantine/core";
import { lazy, Suspense, type ReactNode } from "react";
import { useSession } from "../api/session.ts";

export interface TenantChoiceProps {
  readonly label: string;
  /** The label stands above, and not only for those who cannot see. */
  readonly labelled?: boolean;
  readonly className?: string;
  /** What nothing chosen means. Without it one is always chosen. */
  readonly none?: string;
  /** Empty for nothing chosen. */
  readonly value: string;
  readonly onChange: (tenant: string) => void;
}

const Search = lazy(() => import("./tenant-search.tsx").then(({ TenantSearch: component }) => ({ default: component })));

export function TenantChoice(props: TenantChoiceProps): ReactNode {
  const { tenants, moreTenants } = useSession();
  const { label, labelled = false, className, none, value, onChange } = props;
  if (moreTenants)
    return (
      <Suspense fallback={null}>
        <Search {...props} />
      </Suspense>
    );
  return (
    <NativeSelect
      {...(labelled ? { label } : { "aria-label": label })}
      {...(className === undefined ? {} : { className })}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={[...(none === undefined ? [] : [{ value: "", label: none }]), ...tenants.map(({ id, name }) => ({ value: id, label: name }))]}
    />
  );
}
