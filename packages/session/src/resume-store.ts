// What a session remembers of a torrent between two runs: which pieces were verified, and the size and time of every file at
// that moment. A record is believed only when the files still look exactly so; anything odd about it means a full check, never
// a crash. One small JSON file per torrent, replaced as a whole (temporary file, sync, rename).

import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metainfo } from '@torrential/metainfo'
import { Bitfield, InputError } from '@torrential/primitives'
import { nodeFileSystem } from '@torrential/storage'

const version = 1
const largestRecord = 64 * 1024 * 1024

export interface ResumeRecord {
  readonly have: Bitfield
  readonly uploaded: number
  readonly downloaded: number
}

/** What is left of a record when it is compared with the disk. */
export interface ResumeFound {
  readonly uploaded: number
  readonly downloaded: number
  /** Absent: the files are not as they were. */
  readonly pieces?: {
    readonly have: Bitfield
    /** Pieces with bytes in files that do not exist: they may wait in the part file, or the record claims too much. */
    readonly doubtful: ReadonlySet<number>
  }
}

interface FileStamp {
  readonly size: number
  readonly mtime: number
}

export class ResumeStore {
  readonly #folder: string
  #temporary = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** What is remembered of a torrent whose files are below `path`, or undefined when there is nothing to believe. */
  async load(metainfo: Metainfo, infoHash: string, path: string): Promise<ResumeFound | undefined> {
    let stored: unknown
    try {
      const file = this.#fileOf(infoHash)
      if ((await stat(file)).size > largestRecord) return undefined
      stored = JSON.parse(await readFile(file, 'utf8'))
    } catch {
      return undefined
    }
    const record = parseRecord(stored, infoHash, metainfo.geometry.pieceCount)
    if (record === undefined) return undefined
    const { have, uploaded, downloaded } = record
    const stamps = await stampFiles(metainfo, path)
    const same =
      stamps.length === record.files.length && stamps.every((stamp, file) => sameStamp(stamp, record.files[file]))
    if (!same) return { uploaded, downloaded }
    return { uploaded, downloaded, pieces: { have, doubtful: piecesWithout(metainfo, stamps) } }
  }

  async save(metainfo: Metainfo, infoHash: string, path: string, record: ResumeRecord): Promise<void> {
    const files = await stampFiles(metainfo, path)
    const have = Buffer.from(record.have.toBytes()).toString('base64')
    const { uploaded, downloaded } = record
    await this.#replace(infoHash, JSON.stringify({ version, infoHash, uploaded, downloaded, files, have }))
  }

  async delete(infoHash: string): Promise<void> {
    await rm(this.#fileOf(infoHash), { force: true })
  }

  async #replace(infoHash: string, text: string): Promise<void> {
    await nodeFileSystem.makeDirectory(this.#folder, { recursive: true })
    const target = this.#fileOf(infoHash)
    const temporary = `${target}.${process.pid}.${this.#temporary++}.new`
    try {
      {
        await using file = await open(temporary, 'w')
        await file.writeFile(text)
        await file.sync()
      }
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw new InputError('STATE_WRITE', `${target} cannot be written`, { path: target, cause: error })
    }
  }

  #fileOf(infoHash: string): string {
    return join(this.#folder, `${infoHash}.resume.json`)
  }
}

/** Size and time of each file, null where there is none (or something that is no file). */
async function stampFiles(metainfo: Metainfo, path: string): Promise<(FileStamp | null)[]> {
  const stamps: (FileStamp | null)[] = []
  for (const file of metainfo.files) {
    const found = file.pad ? undefined : await stat(join(path, file.path)).catch(() => undefined)
    stamps.push(found?.isFile() === true ? { size: found.size, mtime: Math.floor(found.mtimeMs) } : null)
  }
  return stamps
}

function sameStamp(a: FileStamp | null, b: FileStamp | null | undefined): boolean {
  if (a === null || b === null || b === undefined) return a === b
  return a.size === b.size && a.mtime === b.mtime
}

/** Pieces that have bytes in files without a stamp. */
function piecesWithout(metainfo: Metainfo, stamps: readonly (FileStamp | null)[]): Set<number> {
  const pieces = new Set<number>()
  for (const [file, stamp] of stamps.entries()) {
    if (stamp !== null || metainfo.files[file]?.pad === true) continue
    const { start, end } = metainfo.geometry.piecesOf(file)
    for (let piece = start; piece < end; piece++) pieces.add(piece)
  }
  return pieces
}

function parseRecord(
  stored: unknown,
  infoHash: string,
  pieces: number,
): (ResumeRecord & { readonly files: readonly (FileStamp | null)[] }) | undefined {
  const fields = (stored ?? {}) as Record<string, unknown>
  if (fields.version !== version || fields.infoHash !== infoHash || typeof fields.have !== 'string') return undefined
  if (!Array.isArray(fields.files) || !isCount(fields.uploaded) || !isCount(fields.downloaded)) return undefined
  try {
    const have = Bitfield.from(new Uint8Array(Buffer.from(fields.have, 'base64')), pieces)
    return { have, uploaded: fields.uploaded, downloaded: fields.downloaded, files: fields.files }
  } catch {
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
