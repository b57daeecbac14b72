// Text from a tracker may go to a terminal or a log: control characters, line ends and direction marks become spaces.

/** `\p{C}` covers control, format (bidi marks, zero width), surrogate and unassigned code points. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu

/** At most `limit` UTF-16 units, then `…`. @default limit 500 */
export function printableText(text: string, limit = 500): string {
  // Cut first: the replacement must not run over a megabyte of junk.
  const clean = text
    .slice(0, limit * 2)
    .replace(unprintable, ' ')
    .trim()
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean
}
