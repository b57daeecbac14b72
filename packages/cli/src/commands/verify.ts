// `torrential verify`: is this data the torrent's? Works on the files alone, without a session, because it must not change
// anything: no folder is made, no part file, no resume record.

import { digestPlan, type Metainfo } from '@torrential/metainfo'
import { Bitfield, toHex } from '@torrential/primitives'
import { allPieces, checkPieces, FilePieceHasher, FileStorage, HandlePool } from '@torrential/storage'
import type { CliContext } from '../cli-context.ts'
import { EXIT } from '../exit-code.ts'
import type { FileDamagedLine } from '../json-lines.ts'
import { openReporter } from '../open-reporter.ts'
import type { Reporter } from '../reporter.ts'
import { loadTorrent } from '../torrent-source.ts'

export interface VerifyOptions {
  /** Folder that holds the torrent's file or folder. */
  readonly path: string
  readonly json?: boolean
}

/** Exit code 0 only when every piece is there and right. */
export async function verify(source: string, options: VerifyOptions, context: CliContext): Promise<number> {
  const metainfo = await loadTorrent(source, context)
  using reporter = openReporter(options.json === true, context)
  const have = await check(metainfo, options.path, reporter, context.signal)
  for (const line of damagedFiles(metainfo, have)) await reporter.tell(line)
  const torrent = toHex(metainfo.infoHash)
  await reporter.tell({ type: 'verified', torrent, have: have.count, of: have.length })
  return have.isComplete ? EXIT.done : EXIT.failed
}

async function check(metainfo: Metainfo, path: string, reporter: Reporter, signal: AbortSignal): Promise<Bitfield> {
  const { geometry, files } = metainfo
  const plan = digestPlan(metainfo)
  await using handles = new HandlePool()
  await using layout = new FileStorage({ geometry, files, handles }, { path })
  const hasher = new FilePieceHasher({ layout, plan })
  const have = new Bitfield(geometry.pieceCount)
  const torrent = toHex(metainfo.infoHash)
  const hundredth = Math.max(1, Math.floor(geometry.pieceCount / 100))
  let done = 0
  for await (const { piece, ok } of checkPieces({ hasher, plan, pieces: allPieces(geometry) }, { signal })) {
    if (ok) have.add(piece)
    done++
    if (done % hundredth === 0 || done === have.length) {
      await reporter.tell({ type: 'checking', torrent, done, have: have.count, of: have.length })
    }
  }
  return have
}

function* damagedFiles(metainfo: Metainfo, have: Bitfield): Generator<FileDamagedLine> {
  for (const { index, path, pad } of metainfo.files) {
    if (pad) continue
    const { start, end } = metainfo.geometry.piecesOf(index)
    let good = 0
    for (let piece = start; piece < end; piece++) if (have.has(piece)) good++
    if (good < end - start) yield { type: 'file-damaged', path, have: good, of: end - start }
  }
}
