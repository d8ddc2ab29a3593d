/** Invented companies, places, people and products. Domains end in `.test`; nothing here is anyone's. */
export const COMPANIES = [
  "Orchard Freight",
  "Halden Marine",
  "Quillstone Press",
  "Brightmoor Clinics",
  "Castellan Tools",
  "Dunmere Foods",
  "Ferrow Energy",
  "Gable Insurance",
  "Hollin Textiles",
  "Ironwick Rail",
  "Juniper Court Schools",
  "Kestrel Optics",
  "Larkfield Water",
  "Morrow & Finch",
  "Northam Glass",
  "Ostrava Paper",
] as const;

export const PLACES = [
  "Lyon Depot",
  "Antwerp Quay",
  "Leeds Office",
  "Porto Plant",
  "Graz Works",
  "Tampere Lab",
  "Utrecht Hub",
  "Bilbao Yard",
  "Cork Centre",
  "Brno Store",
  "Nantes Studio",
  "Aarhus Terminal",
  "Gdansk Dock",
  "Turin Campus",
  "Basel Archive",
  "Malmo Annex",
] as const;

export const FIRST = [
  "Mara", "Jo", "Tobias", "Ines", "Anselm", "Priya", "Odile", "Karim", "Sunniva", "Teodor", "Wanda", "Ruben", "Lotte", "Emeka", "Hana", "Silvio",
  "Greta", "Yusuf", "Noor", "Casper", "Ilse", "Matteo", "Bronagh", "Stellan",
] as const;

export const LAST = [
  "Voss", "Orozco", "Lindqvist", "Barrow", "Okafor", "Marchetti", "Delacroix", "Hwang", "Petrov", "Sato", "Nyman", "Costa", "Ferreira", "Brandt",
  "Kowalski", "Adeyemi", "Haddad", "Novak", "Eriksen", "Moreau", "Singh", "Castellano", "Byrne", "Weiss",
] as const;

export type OsFamily = "windows" | "macos" | "linux";

export interface Product {
  readonly name: string;
  readonly vendor: string;
  readonly os: readonly OsFamily[];
}

const EVERY: readonly OsFamily[] = ["windows", "macos", "linux"];
const DESK: readonly OsFamily[] = ["windows", "macos"];
const WIN: readonly OsFamily[] = ["windows"];
const MAC: readonly OsFamily[] = ["macos"];
const LIN: readonly OsFamily[] = ["linux"];

function made(vendor: string, os: readonly OsFamily[], ...names: readonly string[]): readonly Product[] {
  return names.map((name) => ({ name, vendor, os }));
}

export const PRODUCTS: readonly Product[] = [
  ...made("Gable Soft", EVERY, "PackStation", "Gable Viewer", "Gable Sync & Share", "Tarsier Editor"),
  ...made("Meridian Browser Project", EVERY, "Meridian", "Meridian Update"),
  ...made("Fennel Labs", DESK, "Fennel Mail", "Fennel Calendar", "Fennel Notes", "Fennel Meet"),
  ...made("Osprey Systems", WIN, "Osprey Remote", "Osprey Print Helper", "Osprey VPN"),
  ...made("Contoso Hardware", WIN, "Contoso Firmware Tools", "Contoso Audio"),
  ...made("Larch Foundation", LIN, "libharbor", "harborctl", "quarrydb-server", "quarrydb-client", "netlattice"),
  ...made("Umbra Studio", MAC, "Umbra Draw", "Umbra Capture", "Umbra Menu"),
  ...made("Copperline", EVERY, "Copperline Agent", "Copperline Backup"),
  ...made("Willowbank Finance", DESK, "Ledger+ 2099", "Ledger+ Reader"),
  ...made("Tern Runtime Group", EVERY, "Tern Runtime", "Tern SDK"),
  ...made("Sable Archive", WIN, "Sable Zip", "Sable Explorer"),
  ...made("Brook & Sons", DESK, "Brook PDF", "Brook PDF Add-in"),
  ...made("Pilot Works", LIN, "pilot-kernel-tools", "pilot-init", "pilot-shell"),
  ...made("Hazel Media", DESK, "Hazel Player", "Hazel Codecs"),
];
