// One file of a torrent, as users see it.

import { concatBytes, type Geometry, InputError } from '@torrential/primitives'
import type { MoveOptions } from './options.ts'
import { type FileRange, FileStream, type FileStreamSource } from './file-stream.ts'

/** The part of a torrent that a file needs. */
export interface FileOwner extends FileStreamSource {
  /** Pieces of the file that are missing. */
  missingPieces(file: number): number
  filePriority(file: number): number
  setFilePriority(file: number, priority: number): void
  filePath(file: number): string
  renameFile(file: number, path: string, options: MoveOptions): Promise<void>
}

/** 1 low, 4 normal, 7 high; 0 is skipped. */
export const NORMAL_PRIORITY = 4

/** Bytes. Larger ranges are for streams. */
const mostInMemory = 1024 * 1024 * 1024

export class TorrentFile {
  readonly #owner: FileOwner
  readonly #file: number
  /** Position in `torrent.files`. */
  readonly index: number
  /** Bytes. */
  readonly length: number

  /** `file` is the index in the geometry, where padding counts too. */
  constructor(owner: FileOwner, info: { readonly file: number; readonly index: number; readonly length: number }) {
    this.#owner = owner
    this.#file = info.file
    this.index = info.index
    this.length = info.length
  }

  /** Safe relative path with `/`, below `torrent.path`. */
  get path(): string {
    return this.#owner.filePath(this.#file)
  }

  /** Last element of `path`. */
  get name(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1)
  }

  /** 0 … 1, counted in whole pieces. */
  get progress(): number {
    const { start, end } = this.#geometry.piecesOf(this.#file)
    return end === start ? 1 : 1 - this.#owner.missingPieces(this.#file) / (end - start)
  }

  get isComplete(): boolean {
    return this.#owner.missingPieces(this.#file) === 0
  }

  /** 0 skip, 1 low, 4 normal, 7 high. Pieces shared with a more wanted file follow that file. @default 4 */
  get priority(): number {
    return this.#owner.filePriority(this.#file)
  }

  /** @throws InputError `OPTION_RANGE` unless an integer in 0 … 7 */
  set priority(priority: number) {
    if (!Number.isInteger(priority) || priority < 0 || priority > 7) {
      throw new InputError('OPTION_RANGE', `a file's priority is 0 … 7, not ${priority}`, { option: 'priority' })
    }
    this.#owner.setFilePriority(this.#file, priority)
  }

  /**
   * Gives the file another path below `torrent.path`, on disk too when it is there. Seeding and downloading go on. With a state folder
   * the new path is remembered.
   * @throws InputError `FILE_PATH` (not a safe relative path, or another file of the torrent has it), `STATE_WRITE`, `TORRENT_CLOSED`;
   * StorageError `FILE_EXISTS`, `PATH_OUTSIDE`, `ENAMETOOLONG` … with the file at its old path; the signal's reason
   */
  rename(path: string, options: MoveOptions = {}): Promise<void> {
    return this.#owner.renameFile(this.#file, path, options)
  }

  /**
   * The bytes `[start, end)` in order, from the moment their pieces arrive; those pieces become urgent. A skipped file can be
   * streamed too: just what is read is fetched.
   * @throws InputError `FILE_RANGE` unless `0 <= start <= end <= length`
   */
  stream(range: FileRange = {}): FileStream {
    const { start = 0, end = this.length } = range
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > this.length) {
      throw new InputError('FILE_RANGE', `[${start}, ${end}) is not within the ${this.length} bytes of ${this.path}`)
    }
    return new FileStream(this.#owner, this.#file, { start, end })
  }

  /** The whole range in memory. @throws InputError `FILE_RANGE`, `FILE_TOO_LARGE` above 1 GiB; StorageError; `TORRENT_CLOSED` */
  async bytes(range: FileRange = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { start = 0, end = this.length } = range
    const stream = this.stream(range)
    if (end - start > mostInMemory) {
      stream.destroy()
      throw new InputError('FILE_TOO_LARGE', `${end - start} bytes of ${this.path} do not fit into memory at once`)
    }
    // Nothing is allocated for what has not arrived: the length is what a stranger's torrent says.
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return concatBytes(chunks) as Uint8Array<ArrayBuffer>
  }

  /** The whole range as UTF-8 text. */
  async text(range: FileRange = {}): Promise<string> {
    return new TextDecoder().decode(await this.bytes(range))
  }

  /** The whole range as a Blob without a type. */
  async blob(range: FileRange = {}): Promise<Blob> {
    return new Blob([await this.bytes(range)])
  }

  get #geometry(): Geometry {
    return this.#owner.geometry
  }
}
