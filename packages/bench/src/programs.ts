// The programs that contestants consist of, as commands: our command line, the small programs beside the sources, and those of others.
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findLibtorrentPython, findProgram, LIBTORRENT_DRIVER, WEBTORRENT_DRIVER } from '@torrential/interop'
import type { Command } from './measured-run.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const cli = here('../../cli/bin/torrential.js')

/** `torrential …` as a stranger would start it from a built checkout, on the Node.js that runs the benchmark. */
export function torrentialCommand(...args: readonly string[]): Command {
  return { command: process.execPath, args: [cli, ...args] }
}

/** A program of ours, told what to do by one line. */
export function ourProgram(name: string, config: object): Command {
  return { command: process.execPath, args: ['--expose-gc', here(`../programs/${name}.js`)], input: lineOf(config) }
}

/** A program that does the least that Node.js needs for a task, and nothing of a library: programs/bare. */
export function bareProgram(name: string, config: object): Command {
  return { command: process.execPath, args: [here(`../programs/bare/${name}.js`)], input: lineOf(config) }
}

/** A program of ours that runs on a package of WebTorrent's folder (`packages/interop/bin/prepare.sh`). */
export function npmProgram(name: string, entry: string, config: object): Command {
  const program = here(`../programs/${name}.js`)
  return { command: process.execPath, args: [program, npmEntry(entry)], input: lineOf(config) }
}

/** URL of a file in the packages that are installed beside WebTorrent. */
export function npmEntry(path: string): string {
  return pathToFileURL(join(dirname(WEBTORRENT_DRIVER), 'node_modules', path)).href
}

/** libtorrent sessions behind programs/libtorrent_session.py. */
export async function libtorrentProgram(config: object): Promise<Command> {
  const python = (await findLibtorrentPython()) ?? 'python3'
  return { command: python, args: [here('../programs/libtorrent_session.py')], input: lineOf(config) }
}

/** libtorrent's `create_torrent` and `set_piece_hashes`; the info dictionary goes to standard output. */
export async function libtorrentCreate(path: string, pieceLength: number, version: string): Promise<Command> {
  const driver = join(dirname(LIBTORRENT_DRIVER), 'libtorrent_create.py')
  return {
    command: (await findLibtorrentPython()) ?? 'python3',
    args: [driver, 'create', path, String(pieceLength), version],
  }
}

/** libtorrent, checking what is in a folder. */
export function libtorrentCheck(python: string, torrentFile: string, folder: string, threads: number): Command {
  return { command: python, args: [here('../programs/libtorrent_check.py'), torrentFile, folder, String(threads)] }
}

/** aria2, checking what is in a folder. */
export function aria2Check(torrentFile: string, folder: string): Command {
  const args = [
    '--no-conf',
    `--dir=${folder}`,
    '--check-integrity=true',
    '--hash-check-only=true',
    '--allow-overwrite=true',
  ]
  const quiet = ['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', '--summary-interval=0']
  return { command: findProgram('aria2c') ?? 'aria2c', args: [...args, ...quiet, torrentFile] }
}

const lineOf = (config: object): string => `${JSON.stringify(config)}\n`

/** aria2, downloading; it knows peers from trackers only. */
export function aria2Download(torrentFile: string, tracker: string, target: string): Command {
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
    torrentFile,
  ]
  return { command: findProgram('aria2c') ?? 'aria2c', args }
}
