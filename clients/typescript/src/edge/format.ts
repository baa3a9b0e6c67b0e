const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const checksumLength = 6;

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let i = 0; i < 8; i++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function checksumOf(body: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < body.length; i++) crc = (crcTable[(crc ^ body.charCodeAt(i)) & 0xff] ?? 0) ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  let digits = "";
  for (let i = 0; i < checksumLength; i++) {
    digits = (base62[crc % 62] ?? "") + digits;
    crc = Math.floor(crc / 62);
  }
  return digits;
}

/** isBrand tells whether keys may start with the text. */
export function isBrand(text: string): boolean {
  return /^[a-z][a-z0-9]{0,15}$/.test(text);
}

/** isKey tells whether the text has the shape and the checksum of a key of the brand. */
export function isKey(brand: string, text: string): boolean {
  const body = text.slice(0, -checksumLength);
  const shape = /^([a-z][a-z0-9]{0,15})_(?:live|test)_[0-9A-Za-z]{49}$/.exec(text);
  return shape?.[1] === brand && text.endsWith(checksumOf(body));
}

/** The longest text that may be a signed token. */
const longestToken = 16 << 10;

/** isSigned tells whether the text looks like a signed token, which a node decides. */
export function isSigned(text: string): boolean {
  return text.length <= longestToken && text.startsWith("eyJ") && text.split(".", 4).length === 3;
}

/** Shape tells what imported keys look like. */
export interface Shape {
  readonly prefix: string;
  readonly alphabet: string;
  readonly least: number;
  readonly most: number;
  /** slow tells that the node may know its keys by another digest than SHA-256. */
  readonly slow: boolean;
}

const alphabets: ReadonlyMap<string, RegExp> = new Map([
  ["hex", /^[0-9A-Fa-f]*$/],
  ["alnum", /^[0-9A-Za-z]*$/],
  ["url", /^[0-9A-Za-z\-._~]*$/],
  ["ascii", /^[!-~]*$/],
]);

/** foreignKey tells whether the text may be an imported key, and whether of a slow shape. A text that starts as one of our own is none. */
export function foreignKey(brand: string, shapes: readonly Shape[], text: string): "no" | "yes" | "slow" {
  if (new RegExp(`^${brand}_[a-z]{4}_`).test(text) || isSigned(text)) return "no";
  const fits = shapes.filter(
    (s) => s.least <= text.length && text.length <= s.most && text.startsWith(s.prefix) && alphabets.get(s.alphabet)?.test(text) === true,
  );
  if (fits.length === 0) return "no";
  return fits.some((s) => s.slow) ? "slow" : "yes";
}
