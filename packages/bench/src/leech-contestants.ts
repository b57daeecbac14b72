// Four programs that download the same torrent from the same seed. Each command starts, downloads, and ends by itself.
import {
  aria2,
  type Counterpart,
  findLibtorrentPython,
  findProgram,
  FixedTracker,
  type Ground,
  libtorrent,
  type LineDriver,
  LIBTORRENT_DRIVER,
  webtorrent,
  WEBTORRENT_DRIVER,
} from '@torrential/interop'
import type { Contestant } from './contest.ts'
import { type Command, measure } from './measured-run.ts'
import type { Material } from './material.ts'
import { torrentialCommand } from './torrential-command.ts'

/** Name of our own entry in every table. */
export const OURS = 'torrential'

/** The other programs, by the names that `--only` takes. */
export const LEECH_COUNTERPARTS: readonly Counterpart[] = [libtorrent, aria2, webtorrent]

/** Everybody, ourselves first; they download from `peer`. */
export async function leechContestants(ground: Ground, material: Material, peer: LineDriver): Promise<Contestant[]> {
  const seed = peer.address
  // aria2 knows peers from trackers only.
  const tracker = ground.own(await FixedTracker.start(ground.host, [seed]))
  const python = (await findLibtorrentPython()) ?? 'python3'
  return [
    contestant(peer.pid, OURS, (target) => torrentialDownload(material, seed, target)),
    contestant(peer.pid, 'libtorrent', (target) =>
      driverDownload(python, [LIBTORRENT_DRIVER, ground.host], material, seed, target),
    ),
    contestant(peer.pid, 'aria2', (target) => aria2Download(material, tracker.url, target)),
    contestant(peer.pid, 'webtorrent', (target) =>
      driverDownload(process.execPath, [WEBTORRENT_DRIVER], material, seed, target),
    ),
  ]
}

function contestant(seed: number, name: string, command: (target: string) => Command): Contestant {
  return {
    name,
    run: ({ target, figures, deadline }) => measure(command(target), { figures, deadline, companions: [seed] }),
  }
}

function torrentialDownload(material: Material, seed: string, target: string): Command {
  const where = ['--path', target, '--state', `${target}/state`, '--host', '127.0.0.1', '--port', '0']
  return torrentialCommand('download', material.torrentFile, ...where, '--peer', seed, '--no-trackers', '--json')
}

/** Libtorrent and WebTorrent take the same line. */
function driverDownload(command: string, args: string[], material: Material, seed: string, target: string): Command {
  const line = {
    command: 'add',
    torrent: material.torrentFile,
    directory: target,
    peers: [seed],
    exitWhenFinished: true,
  }
  return { command, args, input: `${JSON.stringify(line)}\n` }
}

function aria2Download(material: Material, tracker: string, target: string): Command {
  const args = [
    '--no-conf',
    `--dir=${target}`,
    `--bt-tracker=${tracker}`,
    '--seed-time=0',
    '--file-allocation=none',
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--disable-ipv6=true',
    '--summary-interval=0',
    material.torrentFile,
  ]
  return { command: findProgram('aria2c') ?? 'aria2c', args }
}

/** A measured download by libtorrent, for contests about seeds. */
export async function libtorrentDownload(
  host: string,
  material: Material,
  seed: string,
  target: string,
): Promise<Command> {
  const python = (await findLibtorrentPython()) ?? 'python3'
  return driverDownload(python, [LIBTORRENT_DRIVER, host], material, seed, target)
}
