// A resume record as bytes: what a torrent had when it was last written down as a whole. Every number is checked before
// anything believes it.

import { Bitfield } from '@torrential/primitives'
import { type FileStamp, isFileStamp } from './file-stamp.ts'
import { sealJson, unsealJson } from './sealed-json.ts'

export type JournalSlot = 0 | 1

/** What is written down. */
export interface ResumeRecord {
  /** Ties the journal to this record: a journal of another epoch is not its own. */
  readonly epoch: string
  /** Which of two files the journal is in: the next record takes the other one, so that both are whole at any moment. */
  readonly slot: JournalSlot
  /** Milliseconds since 1970. */
  readonly time: number
  /** Nothing was written after it, unless there is a journal. */
  readonly have: Bitfield
  /** Bytes of payload, over all sessions. */
  readonly uploaded: number
  readonly downloaded: number
  /** One per file of the torrent; null where there is none. */
  readonly files: readonly (FileStamp | null)[]
}

const KIND = 'resume 2'

export function encodeRecord(record: ResumeRecord, infoHash: string): string {
  const { epoch, slot, time, uploaded, downloaded, files } = record
  const have = Buffer.from(record.have.toBytes()).toString('base64')
  return sealJson(KIND, { infoHash, epoch, slot, time, uploaded, downloaded, files, have })
}

/** Undefined unless `bytes` are a record of that torrent, `pieces` pieces and `files` files long. */
export function decodeRecord(
  bytes: Uint8Array,
  expected: { readonly infoHash: string; readonly pieces: number; readonly files: number },
): ResumeRecord | undefined {
  const fields = unsealJson(KIND, bytes)
  if (fields === undefined) return undefined
  const { infoHash, epoch, slot, time, uploaded, downloaded, files, have } = fields
  if (infoHash !== expected.infoHash || typeof epoch !== 'string' || typeof have !== 'string') return undefined
  if ((slot !== 0 && slot !== 1) || !isCount(time) || !isCount(uploaded) || !isCount(downloaded)) return undefined
  if (!Array.isArray(files) || files.length !== expected.files || !files.every(isStampOrNull)) return undefined
  try {
    const pieces = Bitfield.from(new Uint8Array(Buffer.from(have, 'base64')), expected.pieces)
    return { epoch, slot, time, have: pieces, uploaded, downloaded, files }
  } catch {
    return undefined
  }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isStampOrNull(value: unknown): value is FileStamp | null {
  return value === null || isFileStamp(value)
}
