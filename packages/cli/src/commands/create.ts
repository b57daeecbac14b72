// `torrential create`: the .torrent of a file or folder. An existing output is replaced, as compilers do with -o; the one thing
// that is refused is an output that is part of the input.

import { realpath } from 'node:fs/promises'
import { sep } from 'node:path'
import { type Metainfo, parseTorrent } from '@torrential/metainfo'
import { InputError, toHex } from '@torrential/primitives'
import { createTorrent } from '@torrential/storage'
import type { CliContext } from '../cli-context.ts'
import { EXIT } from '../exit-code.ts'
import type { CreatedLine } from '../json-lines.ts'
import { openReporter } from '../open-reporter.ts'
import { type VersionOptions, versionOf } from '../torrent-version.ts'
import { writeTorrentFile } from '../write-torrent-file.ts'

export interface CreateOptions extends VersionOptions {
  readonly output: string
  /** bytes, a power of two @default by size */
  readonly pieceLength?: number
  /** Each is a tier of its own. */
  readonly tracker: readonly string[]
  readonly webSeed: readonly string[]
  readonly collection: readonly string[]
  readonly similar: readonly Uint8Array[]
  readonly private?: boolean
  readonly comment?: string
  /** False leaves the creation date out. */
  readonly date: boolean
  readonly json?: boolean
}

const shortestPiece = 16 * 1024
const longestPiece = 512 * 1024 * 1024

export async function create(path: string, options: CreateOptions, context: CliContext): Promise<number> {
  checkPieceLength(options.pieceLength)
  await refuseOwnOutput(path, options.output)
  using reporter = openReporter(options.json === true, context)
  const { pieceLength, comment } = options
  const version = versionOf(options)
  await using creation = createTorrent(path, {
    ...(version !== undefined && { version }),
    ...(pieceLength !== undefined && { pieceLength }),
    ...(comment !== undefined && { comment }),
    ...(options.date && { creationDate: Math.floor(Date.now() / 1000) }),
    createdBy: 'Torrential',
    trackers: options.tracker.map((url) => [url]),
    webSeeds: options.webSeed,
    collections: options.collection,
    similar: options.similar,
    private: options.private === true,
    signal: context.signal,
  })
  for await (const { bytesDone, bytes } of creation) {
    await reporter.tell({ type: 'hashing', done: bytesDone, of: bytes })
  }
  const torrent = await creation.result
  await writeTorrentFile(options.output, torrent)
  await reporter.tell(createdLine(options.output, parseTorrent(torrent)))
  return EXIT.done
}

function checkPieceLength(length: number | undefined): void {
  if (length === undefined) return
  if (length < shortestPiece || length > longestPiece || !Number.isInteger(Math.log2(length))) {
    throw new InputError('PIECE_LENGTH', `--piece-length is a power of two from 16K to 512M, not ${length}`, { length })
  }
}

/** An existing output inside the input would be hashed and then replaced: nobody could ever complete that torrent. */
async function refuseOwnOutput(input: string, output: string): Promise<void> {
  const [from, to] = await Promise.all([input, output].map((path) => realpath(path).catch(() => undefined)))
  if (from === undefined || to === undefined) return
  if (from === to) throw new InputError('OUTPUT_IS_INPUT', `${output} is what the torrent is made of`, { path: output })
  if (to.startsWith(`${from}${sep}`)) {
    throw new InputError('OUTPUT_IS_INPUT', `${output} is inside what the torrent is made of; delete it first`, {
      path: output,
    })
  }
}

function createdLine(path: string, { name, length, geometry, files, infoHashV1, infoHashV2 }: Metainfo): CreatedLine {
  return {
    type: 'created',
    path,
    name,
    infoHashV1: infoHashV1 === undefined ? null : toHex(infoHashV1),
    infoHashV2: infoHashV2 === undefined ? null : toHex(infoHashV2),
    length,
    pieceLength: geometry.pieceLength,
    pieceCount: geometry.pieceCount,
    // Padding is no file to anybody.
    files: files.filter(({ pad }) => !pad).length,
  }
}
