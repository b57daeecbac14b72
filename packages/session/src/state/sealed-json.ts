// How a file of the state folder is written that is replaced as a whole: one line that says what it is and gives the SHA-256 of
// the rest, and then JSON. Whatever is torn, cut, flipped, foreign or of another version is nothing.

import { createHash } from 'node:crypto'
import { toUtf8 } from '@torrential/primitives'

/** `kind` names the format and its version. */
export function sealJson(kind: string, fields: object): string {
  const body = JSON.stringify(fields)
  return `torrential ${kind} ${sha256Hex(body)}\n${body}`
}

/** The fields, unchecked; undefined unless `bytes` are whole and of that kind. */
export function unsealJson(kind: string, bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = toUtf8(bytes)
  const end = text.indexOf('\n')
  const body = text.slice(end + 1)
  if (end < 0 || text.slice(0, end) !== `torrential ${kind} ${sha256Hex(body)}`) return undefined
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** 64 hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
