// Strings that come again and again: the keys of dictionaries, the directories of a file list. Each is made once and then found by
// its bytes, which costs half of making it anew, and all who have it share it.

/** Longer strings are made anew each time. */
const MAX_LENGTH = 32
/** A power of two. Whatever comes, no more strings than these are kept. */
const SLOTS = 256

/** The last string of each slot. */
const texts: string[] = Array.from({ length: SLOTS }, () => '')

/** The bytes `[start, end)` in latin1. `buffer` is the same bytes as `bytes`. */
export function latin1Of(bytes: Uint8Array, buffer: Buffer, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > MAX_LENGTH) return buffer.toString('latin1', start, end)
  const slot = (length * 37 + (bytes[start] as number) * 5 + (bytes[end - 1] as number) * 11) & (SLOTS - 1)
  const known = texts[slot] as string
  if (isText(bytes, start, end, known)) return known
  const text = buffer.toString('latin1', start, end)
  texts[slot] = text
  return text
}

/** Whether the bytes `[start, end)` are `text` in latin1. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}
