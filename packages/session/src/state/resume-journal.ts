// What happened since a resume record was written: one line for a handful of pieces, appended and never changed. Each line is
// the CRC-32 of its text in eight hexadecimal digits, a space, and JSON; the first names the record that the journal belongs
// to. Reading stops at the first line that is not whole: a crash tears the end, and nothing behind a tear is believed.
//
// A line is written after the bytes of its pieces were handed to the system, not after they reached the disk. That is enough
// for `kill -9`, since the system keeps what it was given; after a power cut or a crash of the system (another boot) the
// pieces behind the last number that is `synced` have to be hashed before they count.

import { crc32 } from 'node:zlib'
import { toUtf8 } from '@torrential/primitives'
import { isCount } from './resume-record.ts'

/** One line. Absent lists are empty. */
export interface JournalEntry {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly uploaded: number
  readonly downloaded: number
  /** Pieces that are verified and written. */
  readonly gained?: readonly number[]
  /** Pieces that turned out to be unreadable. */
  readonly lost?: readonly number[]
  /** How many of all the pieces that this journal has called gained, from the first on, have reached the disk. */
  readonly synced?: number
}

/** All that a journal says. */
export interface JournalFound {
  readonly epoch: string
  /** Which run of the system the process lived in. */
  readonly boot: string
  readonly entries: readonly JournalEntry[]
}

export function encodeJournalHead(epoch: string, boot: string): string {
  return line({ journal: 1, epoch, boot })
}

export function encodeJournalEntry({ time, uploaded, downloaded, gained, lost, synced }: JournalEntry): string {
  return line({
    t: time,
    u: uploaded,
    d: downloaded,
    ...(gained?.length && { g: gained }),
    ...(lost?.length && { l: lost }),
    ...(synced !== undefined && { s: synced }),
  })
}

/** What is whole of a journal of a torrent of `pieces` pieces; undefined when not even its head is. */
export function decodeJournal(bytes: Uint8Array, pieces: number): JournalFound | undefined {
  const lines = toUtf8(bytes).split('\n')
  // What follows the last line feed was torn off in the middle of a line, or is nothing.
  lines.pop()
  const head = parseLine(lines[0])
  if (head?.journal !== 1 || typeof head.epoch !== 'string' || typeof head.boot !== 'string') return undefined
  const entries: JournalEntry[] = []
  for (let at = 1; at < lines.length; at++) {
    const entry = entryOf(parseLine(lines[at]), pieces)
    if (entry === undefined) break
    entries.push(entry)
  }
  return { epoch: head.epoch, boot: head.boot, entries }
}

function entryOf(fields: Record<string, unknown> | undefined, pieces: number): JournalEntry | undefined {
  if (fields === undefined) return undefined
  const { t, u, d, g = [], l = [], s } = fields
  if (!isCount(t) || !isCount(u) || !isCount(d) || !isPieces(g, pieces) || !isPieces(l, pieces)) return undefined
  return { time: t, uploaded: u, downloaded: d, gained: g, lost: l, ...(isCount(s) && { synced: s }) }
}

function isPieces(value: unknown, pieces: number): value is number[] {
  return Array.isArray(value) && value.every((piece) => isCount(piece) && piece < pieces)
}

function line(fields: object): string {
  const text = JSON.stringify(fields)
  return `${checksum(text)} ${text}\n`
}

function parseLine(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || text[8] !== ' ' || text.slice(0, 8) !== checksum(text.slice(9))) return undefined
  try {
    return (JSON.parse(text.slice(9)) ?? {}) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
