/** Plans in which a defect was found once: each is carried out at every test run from then on. */
export const KEPT: readonly number[] = [];
