// One element of a path, made safe. A torrent's names are chosen by strangers and end up as file names on three systems, so
// the result is never empty, `.` or `..`, has no separator, no control or invisible character and at most 240 bytes; portable
// names are also valid on Windows. Characters that only deceive the eye (direction marks, zero width) are removed, the others
// are replaced by `_`.

import { toUtf8 } from '@torrential/primitives'
import type { PathRules } from './metainfo.ts'

/** Bytes of UTF-8 in one element: leaves room for a suffix below the 255 of common file systems. */
export const MAX_NAME_BYTES = 240

/** Longer extensions are cut like the rest of the name. */
const MAX_EXTENSION_BYTES = 32

// Direction marks, embeddings and isolates, zero-width characters, byte order mark, soft hyphen, Mongolian separator.
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu
// The same without the joiners of emoji and Indic scripts, which real names contain.
const INVISIBLE_POSIX = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu
// Separators, control characters (C0, DEL, C1), line and paragraph separators, what was not UTF-8, lone surrogates.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[/\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]|\p{Cs}/gu
const UNPORTABLE = /[:?*<>|"]/g
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/iu

/** Nothing to replace, to remove, or to cut, unless it ends on a dot or a space or is a device of Windows: nearly every name. */
const PLAIN = /^[ !#$%&'()+,\-.0-9;=@A-Z[\]^_`a-z{}~]{0,239}[!#$%&'()+,\-0-9;=@A-Z[\]^_`a-z{}~]$/

/** A safe element, or `undefined` when nothing is left of `name` (empty, `.`, `..`, only invisible characters). */
export function safeName(name: Uint8Array | string, rules: PathRules): string | undefined {
  const text = typeof name === 'string' ? name : toUtf8(name)
  if (PLAIN.test(text) && !RESERVED.test(text)) return text
  const visible = text.replace(rules === 'portable' ? INVISIBLE : INVISIBLE_POSIX, '').replace(UNSAFE, '_')
  if (visible === '' || visible === '.' || visible === '..') return undefined
  if (rules === 'posix') return cutName(visible, MAX_NAME_BYTES)
  const bare = trimEnd(visible.replace(UNPORTABLE, '_'))
  const cut = trimEnd(cutName(RESERVED.test(bare) ? `_${bare}` : bare, MAX_NAME_BYTES))
  return cut === '' ? '_' : cut
}

/** `name` with ` (number)` in front of its extension, at most 240 bytes. */
export function numberedName(name: string, number: number): string {
  const suffix = ` (${number})`
  const { stem, extension } = splitExtension(name)
  const room = MAX_NAME_BYTES - suffix.length - byteLength(extension)
  return `${cutBytes(stem, room)}${suffix}${extension}`
}

/** At most `max` bytes of UTF-8, the extension kept. */
function cutName(name: string, max: number): string {
  if (byteLength(name) <= max) return name
  const { stem, extension } = splitExtension(name)
  return cutBytes(stem, max - byteLength(extension)) + extension
}

function splitExtension(name: string): { readonly stem: string; readonly extension: string } {
  const dot = name.lastIndexOf('.')
  if (dot <= 0 || byteLength(name.slice(dot)) > MAX_EXTENSION_BYTES) return { stem: name, extension: '' }
  return { stem: name.slice(0, dot), extension: name.slice(dot) }
}

/** The longest prefix of whole characters that has at most `max` bytes. */
function cutBytes(text: string, max: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += byteLength(character)
    if (bytes > max) break
    end += character.length
  }
  return text.slice(0, end)
}

/** Without dots and spaces at the end: Windows drops them silently, so two names could be one file. */
function trimEnd(name: string): string {
  let end = name.length
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end--
  return name.slice(0, end)
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}
