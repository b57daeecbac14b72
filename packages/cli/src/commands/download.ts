// `torrential download`: verifies what exists, downloads the rest, exits when complete. All sources share one session; one that
// cannot be added or whose disk fails is reported, the others go on, and the exit code remembers it.

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
  await run.untilDone()
  if (options.seed === true) await run.untilStopped()
  return run.exitCode
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
