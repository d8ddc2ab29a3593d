/**
 * How long a case may go on. What links connect is a *chain*, and a chain can go on for ever: a rule that fires every day for a year is one. It is cut into *pieces*, each a case, at fixed moments thirty days apart (midnight, UTC), but for
 * the first of them that it passes: so nothing that is over within thirty days is ever cut, and no case speaks of more than sixty. Where a record lies depends on its time and on when its chain began, and
 * on nothing else. Pure.
 */
export const CELL_MS = 30 * 86_400_000;

/** Which piece of a chain that began at `start` a record of that time is of: by the number of the piece's first cell. */
export function pieceOf(start: number, at: number): number {
  const [first, cell] = [Math.floor(start / CELL_MS), Math.floor(at / CELL_MS)];
  return cell <= first + 1 ? first : cell;
}
