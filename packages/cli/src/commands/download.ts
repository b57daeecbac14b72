// `torrential download`: verifies what exists, downloads the rest, exits when complete. All sources share one session; one that
// cannot be added or whose disk fails is reported, the others go on, and the exit code remembers it. Without a source it goes on
// with what was interrupted: what is complete was stopped in the end, and a stopped torrent is not resumed.

import type { Magnet, Metainfo } from '@torrential/metainfo'
import { InputError } from '@torrential/primitives'
import type { Torrent } from '@torrential/session'
import type { CliContext } from '../cli-context.ts'
import type { SwarmOptions } from '../connection-options.ts'
import { globFilter } from '../file-globs.ts'
import { SwarmRun } from '../swarm-run.ts'
import { loadTorrent, magnetOf } from '../torrent-source.ts'

export interface DownloadOptions extends SwarmOptions {
  /** @default the current folder */
  readonly path?: string
  /** Goes on until a signal. */
  readonly seed?: boolean
  /** Globs; empty means every file. */
  readonly select: readonly string[]
  readonly sequential?: boolean
}

/** Exit code 0 when everything wanted is here, else that of the worst failure. */
export async function download(
  sources: readonly string[],
  options: DownloadOptions,
  context: CliContext,
): Promise<number> {
  const matches = options.select.length === 0 ? undefined : globFilter(options.select)
  await using run = await SwarmRun.open(options, context)
  for (const source of sources) {
    await run.tryAdd(source, async () =>
      add(magnetOf(source) ?? (await loadTorrent(source, context)), run, options, matches),
    )
  }
  if (sources.length === 0) await resume(run)
  await run.untilDone()
  if (options.seed === true) await run.untilStopped()
  await Promise.all(run.session.torrents.filter(({ status }) => status === 'seeding').map((torrent) => torrent.stop()))
  return run.exitCode
}

/** @throws InputError `NOTHING_TO_RESUME` */
async function resume(run: SwarmRun): Promise<void> {
  const torrents = await run.session.restore({ stopped: false })
  if (torrents.length === 0) throw new InputError('NOTHING_TO_RESUME', 'no unfinished download is remembered')
  for (const torrent of torrents) {
    for (const peer of run.peers) torrent.addPeer(peer)
    await run.tryAdd(torrent.infoHash, () => Promise.resolve(torrent))
  }
}

function add(
  origin: Metainfo | Magnet,
  run: SwarmRun,
  options: DownloadOptions,
  matches: ((path: string) => boolean) | undefined,
): Promise<Torrent> {
  // The files of a magnet link are known later, and looked at then.
  const files = 'files' in origin ? origin.files : undefined
  if (matches !== undefined && files?.some((file) => !file.pad && matches(file.path)) === false) {
    throw new InputError('SELECT_NOTHING', `--select matches none of the ${files.length} files`)
  }
  return run.session.add(origin, {
    path: options.path ?? '.',
    peers: run.peers,
    sequential: options.sequential === true,
    ...(matches !== undefined && { select: (file: { readonly path: string }) => matches(file.path) }),
  })
}
