/** How a number went lately, as small columns: no axis, because only the shape is meant. */
import type { ReactNode } from "react";

const HEIGHT = 34;
const GAP = 0.2;

export function Spark({ values, label }: { readonly values: readonly number[]; readonly label: string }): ReactNode {
  const most = Math.max(1, ...values);
  return (
    <svg className="spark" viewBox={`0 0 ${String(values.length)} ${String(HEIGHT)}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {values.map((value, index) => {
        const height = value === 0 ? 1 : Math.max(2, (value / most) * HEIGHT);
        return <rect key={String(index)} x={index + GAP / 2} y={HEIGHT - height} width={1 - GAP} height={height} className={index === values.length - 1 ? "spark-last" : undefined} />;
      })}
    </svg>
  );
}
