/** Serial numbers of the benchmark's devices, the same for who stores them and who asks for them. */
export function serialOf(place: number): string {
  return `BENCH-${String(place).padStart(8, "0")}`;
}
