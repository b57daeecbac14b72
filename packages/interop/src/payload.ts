// Files with content that nobody needs to keep: each byte follows from the payload's seed, the file's number and the offset, so the
// comparison at the end of a test needs no second copy and a difference is named by file and offset.
import { createCipheriv } from 'node:crypto'
import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** One file of a payload; `path` is relative to the payload's root, with `/`. */
export interface PayloadFile {
  readonly path: string
  readonly length: number
}

/** What a torrent carries. */
export interface Payload {
  /** The torrent's name: the file, or the folder with the files. */
  readonly name: string
  /** Absent for a single file. */
  readonly files?: readonly PayloadFile[]
  /** Of a single file. */
  readonly length?: number
  readonly pieceLength: number
  /** Chooses the content, 0 to 2^32 - 1. */
  readonly seed: number
}

const window = 1024 * 1024

/** Its files, with paths from the folder that holds the payload, in the torrent's order. */
export function payloadFiles(payload: Payload): readonly PayloadFile[] {
  if (payload.files === undefined) return [{ path: payload.name, length: payload.length ?? 0 }]
  return payload.files.map(({ path, length }) => ({ path: `${payload.name}/${path}`, length }))
}

/** Sum of its files' lengths. */
export function payloadLength(payload: Payload): number {
  return payloadFiles(payload).reduce((sum, file) => sum + file.length, 0)
}

/** Writes the payload into a folder. */
export async function writePayload(payload: Payload, folder: string): Promise<void> {
  for (const [index, file] of payloadFiles(payload).entries()) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await using handle = await open(path, 'w')
    for (const bytes of payloadContent(payload, index, file.length)) await handle.write(bytes)
  }
}

/** How strict `comparePayload` is. */
export interface CompareOptions {
  /** Other programs' habits are accepted: empty files that are not created, control files that are left. @default false */
  readonly lenient?: boolean
}

/**
 * Compares a folder with the payload, byte by byte, and looks for files that do not belong there.
 * @throws Error naming the first difference.
 */
export async function comparePayload(payload: Payload, folder: string, options: CompareOptions = {}): Promise<void> {
  const expected = payloadFiles(payload)
  for (const [index, file] of expected.entries()) {
    if (file.length === 0 && options.lenient === true) continue
    await compareFile(join(folder, file.path), payloadContent(payload, index, file.length), file.length)
  }
  if (options.lenient !== true) await refuseOtherFiles(expected, folder)
}

async function refuseOtherFiles(expected: readonly PayloadFile[], folder: string): Promise<void> {
  const known = new Set(expected.map((file) => file.path))
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1)
    if (entry.isFile() && !known.has(path)) throw new Error(`${path}: a file that is not part of the torrent`)
  }
}

async function compareFile(path: string, content: Iterable<Uint8Array>, length: number): Promise<void> {
  await using handle = await open(path, 'r')
  const { size } = await handle.stat()
  if (size !== length) throw new Error(`${path}: ${size} bytes instead of ${length}`)
  const found = Buffer.allocUnsafe(window)
  let offset = 0
  for (const bytes of content) {
    const { bytesRead } = await handle.read(found, 0, bytes.length, offset)
    if (bytesRead !== bytes.length || found.compare(bytes, 0, bytes.length, 0, bytesRead) !== 0) {
      throw new Error(`${path}: differs between ${offset} and ${offset + bytes.length}`)
    }
    offset += bytes.length
  }
}

/** The content of a file, in windows; each is overwritten by no other. A key stream: fast, and without any pattern. */
export function* payloadContent(payload: Payload, index: number, length: number): Generator<Uint8Array> {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(payload.seed, 0)
  key.writeUInt32BE(index, 4)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(Math.min(window, length))
  for (let offset = 0; offset < length; offset += window) {
    yield cipher.update(zeros.subarray(0, Math.min(window, length - offset)))
  }
}
