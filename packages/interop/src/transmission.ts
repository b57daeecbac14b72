// transmission-daemon, through its RPC interface.
//
// It refuses to connect to loopback addresses, so it runs inside the ground's network namespace. It knows peers from trackers only:
// they come through a FixedTracker on our end of the link. Its RPC port is reached over the link too.
//
// There are two: the system's, which is 3.00 in Debian 12 and reads no hybrid torrents, and 4, which does. The latter lies in a folder
// of its own with its libraries (bin/prepare-transmission.sh) and is started by its own dynamic linker.
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { editTorrent } from '@torrential/metainfo'
import type { Counterpart, Limits, PeerOptions, PeerStatus, RunningPeer } from './counterpart.ts'
import { until } from './deadline.ts'
import { FixedTracker } from './fixed-tracker.ts'
import { freePort } from './free-port.ts'
import type { Ground } from './ground.ts'
import { NetworkNamespace } from './network-namespace.ts'
import { findProgram, Program } from './program.ts'

interface TorrentFields {
  readonly status: number
  readonly pieces: string
  readonly percentDone: number
  readonly leftUntilDone: number
  readonly downloadedEver: number
  readonly uploadedEver: number
  readonly peersConnected: number
  readonly error: number
  readonly errorString: string
}

const sessionHeader = 'x-transmission-session-id'
const checking = new Set([1, 2])
const fields = [
  'status',
  'pieces',
  'percentDone',
  'leftUntilDone',
  'downloadedEver',
  'uploadedEver',
  'peersConnected',
  'error',
  'errorString',
]

/** How to start a transmission-daemon. */
interface Daemon {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

class Transmission implements RunningPeer {
  readonly name: string
  readonly address: string
  readonly #program: Program
  readonly #rpc: string
  #session = ''

  private constructor(program: Program, address: string, rpc: string) {
    this.name = program.name
    this.#program = program
    this.address = address
    this.#rpc = rpc
  }

  static async start(daemon: Daemon | undefined, ground: Ground, options: PeerOptions): Promise<Transmission> {
    const { namespace } = ground
    if (namespace === undefined) throw new Error('transmission needs a ground with a network namespace')
    if (daemon === undefined) throw new Error('transmission is not installed')
    const config = await ground.folder('transmission')
    const [port, rpcPort] = [await freePort(ground.host), await freePort(ground.host)]
    await writeFile(join(config, 'settings.json'), JSON.stringify(settings(options, port, rpcPort)))
    const program = ground.own(
      new Program({
        ...daemon,
        args: [...daemon.args, '--foreground', '--config-dir', config, '--log-info'],
        namespace: namespace.name,
      }),
    )
    const rpc = `http://${namespace.inside}:${rpcPort}/transmission/rpc`
    const transmission = new Transmission(program, `${namespace.inside}:${port}`, rpc)
    await transmission.#ready()
    await transmission.#add(ground, options)
    return transmission
  }

  async done(): Promise<void> {
    await until(
      'transmission to finish',
      async () => {
        const { percentDone, leftUntilDone, status, pieces } = await this.#fields()
        return !checking.has(status) && percentDone === 1 && leftUntilDone === 0 && pieces !== ''
      },
      { deadline: 120_000, detail: () => this.output() },
    )
    // Its write cache is flushed when a torrent stops.
    await this.#call('torrent-stop', { ids: [1] })
    await until('transmission to stop the torrent', async () => (await this.#fields()).status === 0)
    await this.#call('torrent-start-now', { ids: [1] })
  }

  async status(): Promise<PeerStatus> {
    const torrent = await this.#fields()
    return {
      have: Uint8Array.from(Buffer.from(torrent.pieces, 'base64')),
      downloaded: torrent.downloadedEver,
      uploaded: torrent.uploadedEver,
      peers: torrent.peersConnected,
    }
  }

  async setLimits({ upload, download }: Limits): Promise<void> {
    await this.#call('session-set', limitSettings({ upload, download }))
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  output(): string {
    return this.#program.tail()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #ready(): Promise<void> {
    await until(
      'transmission to answer',
      async () => {
        this.#program.assertRunning()
        return this.#call('session-get', {}).then(
          () => true,
          () => false,
        )
      },
      { detail: () => this.output() },
    )
  }

  async #add(ground: Ground, options: PeerOptions): Promise<void> {
    const trackers = [...(options.trackers ?? [])]
    if ((options.peers ?? []).length > 0) {
      trackers.push(ground.own(await FixedTracker.start(ground.host, options.peers ?? [])).url)
    }
    // In the source: version 4 does not announce to trackers that are added later.
    const named = trackers.map((url) => `&tr=${encodeURIComponent(url)}`).join('')
    const announced = editTorrent(options.torrent, { trackers: trackers.map((url) => [url]) })
    const source =
      options.magnet === undefined
        ? { metainfo: Buffer.from(announced).toString('base64') }
        : { filename: options.magnet + named }
    await this.#call('torrent-add', { ...source, 'download-dir': options.directory, paused: true })
    // Of a magnet link there is nothing to check yet.
    if (options.magnet === undefined) await this.#call('torrent-verify', { ids: [1] })
    await until('transmission to check its files', async () => !checking.has((await this.#fields()).status), {
      detail: () => this.output(),
    })
    await this.#call('torrent-start-now', { ids: [1] })
  }

  async #fields(): Promise<TorrentFields> {
    this.#program.assertRunning()
    const { torrents } = (await this.#call('torrent-get', { ids: [1], fields })) as { torrents: TorrentFields[] }
    const [torrent] = torrents
    if (torrent === undefined) throw new Error(`transmission has no torrent\n${this.output()}`)
    // 3 is a local error (disk); 1 and 2 are a tracker's.
    if (torrent.error === 3) throw new Error(`transmission: ${torrent.errorString}\n${this.output()}`)
    return torrent
  }

  async #call(method: string, parameters: object): Promise<unknown> {
    const post = (): Promise<Response> =>
      fetch(this.#rpc, {
        method: 'POST',
        headers: { [sessionHeader]: this.#session },
        body: JSON.stringify({ method, arguments: parameters }),
      })
    let response = await post()
    if (response.status === 409) {
      this.#session = response.headers.get(sessionHeader) ?? ''
      response = await post()
    }
    const answer = (await response.json()) as { result: string; arguments: unknown }
    if (answer.result !== 'success') throw new Error(`transmission: ${method}: ${answer.result}`)
    return answer.arguments
  }
}

/** Its limits count in kB per second. */
function limitSettings({ upload, download }: { upload: number | undefined; download: number | undefined }): object {
  const kilobytes = (bytes: number): number => Math.max(1, Math.round(bytes / 1000))
  return {
    ...(upload === undefined ? {} : { 'speed-limit-up-enabled': upload > 0, 'speed-limit-up': kilobytes(upload) }),
    ...(download === undefined
      ? {}
      : { 'speed-limit-down-enabled': download > 0, 'speed-limit-down': kilobytes(download) }),
  }
}

function settings(options: PeerOptions, port: number, rpcPort: number): object {
  return {
    'peer-port': port,
    'rpc-port': rpcPort,
    'rpc-bind-address': '0.0.0.0',
    'rpc-whitelist-enabled': false,
    'rpc-host-whitelist-enabled': false,
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    encryption: 0,
    'rename-partial-files': false,
    'download-dir': options.directory,
    'ratio-limit-enabled': false,
    'seed-queue-enabled': false,
    'download-queue-enabled': false,
    'scrape-paused-torrents-enabled': false,
    ...limitSettings({ upload: options.uploadLimit ?? 0, download: options.downloadLimit ?? 0 }),
  }
}

const folder = fileURLToPath(new URL('../.cache/transmission-4', import.meta.url))

function system(): Daemon | undefined {
  const command = findProgram('transmission-daemon')
  return command === undefined ? undefined : { name: 'transmission', command, args: [] }
}

function unpacked(): Daemon | undefined {
  const daemon = findProgram('transmission-daemon', [join(folder, 'usr/bin')])
  const libraries = listed(join(folder, 'usr/lib')).find((name) => /-linux-/.test(name))
  if (daemon === undefined || libraries === undefined) return undefined
  const path = join(folder, 'usr/lib', libraries)
  const linker = listed(path).find((name) => /^ld-linux.*\.so\.\d+$/.test(name))
  if (linker === undefined) return undefined
  return { name: 'transmission 4', command: join(path, linker), args: ['--library-path', path, daemon] }
}

function listed(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function counterpart(name: string, find: () => Daemon | undefined, missing: string): Counterpart {
  return {
    name,
    needsNamespace: true,
    async available() {
      if (find() === undefined) return missing
      const namespaces = NetworkNamespace.available()
      return namespaces === true || `transmission takes no loopback peers, and ${namespaces}`
    },
    seed: (ground, options) => Transmission.start(find(), ground, options),
    leech: (ground, options) => Transmission.start(find(), ground, options),
  }
}

/** The system's. */
export const transmission: Counterpart = counterpart(
  'transmission',
  system,
  'transmission-daemon is not installed (Debian: transmission-daemon)',
)

/** Version 4, which reads hybrid torrents. */
export const transmission4: Counterpart = counterpart(
  'transmission 4',
  unpacked,
  'transmission 4 is not installed (run packages/interop/bin/prepare.sh)',
)
