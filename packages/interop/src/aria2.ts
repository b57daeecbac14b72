// aria2: a download program with an RPC interface. It knows peers from trackers only, so its peers come through a FixedTracker.
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import type { Counterpart, Limits, PeerOptions, PeerStatus, RunningPeer } from './counterpart.ts'
import { until } from './deadline.ts'
import { FixedTracker } from './fixed-tracker.ts'
import { freePort } from './free-port.ts'
import type { Ground } from './ground.ts'
import { findProgram, Program } from './program.ts'

interface Aria2Status {
  readonly status: string
  readonly bitfield?: string
  readonly totalLength: string
  readonly completedLength: string
  readonly uploadLength: string
  readonly connections: string
  readonly errorMessage?: string
  /** Of a magnet link whose metadata is here: the download that comes of it. */
  readonly followedBy?: readonly string[]
}

class Aria2 implements RunningPeer {
  readonly name = 'aria2'
  readonly address: string
  readonly #program: Program
  readonly #rpc: string
  #gid = ''
  #completedAtStart = 0
  #fetchesMetadata: boolean

  private constructor(program: Program, address: string, rpcPort: number, fetchesMetadata: boolean) {
    this.#program = program
    this.#fetchesMetadata = fetchesMetadata
    this.address = address
    this.#rpc = `http://127.0.0.1:${rpcPort}/jsonrpc`
  }

  static async start(ground: Ground, options: PeerOptions): Promise<Aria2> {
    const file = join(await ground.folder('aria2'), 'test.torrent')
    await writeFile(file, options.torrent)
    const port = await freePort(ground.host)
    const rpcPort = await freePort()
    const trackers = [...(options.trackers ?? [])]
    if ((options.peers ?? []).length > 0) {
      trackers.push(ground.own(await FixedTracker.start(ground.host, options.peers ?? [])).url)
    }
    const args = argumentsFor(options, port, rpcPort, trackers, options.magnet ?? file)
    const program = ground.own(new Program({ name: 'aria2', command: findProgram('aria2c') ?? 'aria2c', args }))
    const aria2 = new Aria2(program, `${ground.host}:${port}`, rpcPort, options.magnet !== undefined)
    await aria2.#ready()
    return aria2
  }

  async done(): Promise<void> {
    await until(
      'aria2 to finish',
      async () => {
        const { totalLength, completedLength, status, bitfield, followedBy } = await this.#status()
        // The metadata of a magnet link is a download of its own.
        if (this.#fetchesMetadata) {
          this.#follow(followedBy?.[0])
          return false
        }
        return status === 'complete' || (bitfield !== undefined && totalLength === completedLength)
      },
      { deadline: 120_000, detail: () => this.output() },
    )
    await this.#flush()
  }

  async status(): Promise<PeerStatus> {
    const { bitfield, completedLength, uploadLength, connections } = await this.#status()
    return {
      have: Uint8Array.from(Buffer.from(bitfield ?? '', 'hex')),
      downloaded: Number(completedLength) - this.#completedAtStart,
      uploaded: Number(uploadLength),
      peers: Number(connections),
    }
  }

  async setLimits({ upload, download }: Limits): Promise<void> {
    await this.#call('aria2.changeGlobalOption', {
      ...(upload === undefined ? {} : { 'max-overall-upload-limit': String(upload) }),
      ...(download === undefined ? {} : { 'max-overall-download-limit': String(download) }),
    })
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

  #follow(gid: string | undefined): void {
    if (gid === undefined) return
    this.#gid = gid
    this.#fetchesMetadata = false
  }

  /** Its RPC answers and the check of what is on disk is over. */
  async #ready(): Promise<void> {
    const detail = (): string => this.output()
    const [gid] = await until(
      'aria2 to answer',
      async () => {
        this.#program.assertRunning()
        const active = await this.#call('aria2.tellActive', ['gid']).catch(() => [])
        const gids = (active as { gid: string }[]).map((download) => download.gid)
        return gids.length > 0 && gids
      },
      { detail },
    )
    this.#gid = gid as string
    const checked = await until(
      'aria2 to check its files',
      async () => {
        const status = (await this.#status()) as Aria2Status & {
          verifiedLength?: string
          verifyIntegrityPending?: string
        }
        return status.verifiedLength === undefined && status.verifyIntegrityPending === undefined && status
      },
      { detail },
    )
    this.#completedAtStart = Number(checked.completedLength)
  }

  /** A piece counts as complete before its bytes have left aria2's cache; saving the session's control files writes them. */
  async #flush(): Promise<void> {
    await this.#call('aria2.pause', this.#gid).catch(() => undefined)
  }

  async #status(): Promise<Aria2Status> {
    this.#program.assertRunning()
    const status = (await this.#call('aria2.tellStatus', this.#gid)) as Aria2Status
    if (status.status === 'error') throw new Error(`aria2: ${status.errorMessage}\n${this.output()}`)
    return status
  }

  async #call(method: string, ...params: unknown[]): Promise<unknown> {
    const response = await fetch(this.#rpc, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
    if (error !== undefined) throw new Error(`aria2: ${method}: ${error.message}`)
    return result
  }
}

function argumentsFor(
  options: PeerOptions,
  port: number,
  rpcPort: number,
  trackers: readonly string[],
  file: string,
): string[] {
  return [
    '--no-conf',
    `--stop-with-process=${process.pid}`,
    '--enable-rpc',
    `--rpc-listen-port=${rpcPort}`,
    `--listen-port=${port}`,
    `--dir=${options.directory}`,
    ...datagramArguments(trackers, file),
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    '--disable-ipv6=true',
    '--seed-ratio=0',
    // What is on disk is checked, whether or not aria2 wrote it.
    '--check-integrity=true',
    '--allow-overwrite=true',
    '--file-allocation=none',
    '--disk-cache=0',
    '--summary-interval=0',
    '--console-log-level=warn',
    '--show-console-readout=false',
    '--bt-tracker-interval=1',
    `--max-overall-upload-limit=${options.uploadLimit ?? 0}`,
    `--max-overall-download-limit=${options.downloadLimit ?? 0}`,
    ...(trackers.length > 0 ? [`--bt-tracker=${trackers.join(',')}`] : []),
    file,
  ]
}

/** aria2 speaks to UDP trackers only through the socket of its DHT node. This one has no entry point: it knows nobody. */
function datagramArguments(trackers: readonly string[], file: string): string[] {
  if (!trackers.some((url) => url.startsWith('udp:'))) return ['--enable-dht=false']
  return ['--enable-dht=true', `--dht-file-path=${file}.dht`, '--dht-listen-port=10240-32000']
}

/** See the module's header. */
export const aria2: Counterpart = {
  name: 'aria2',
  needsNamespace: false,
  available: async () => findProgram('aria2c') !== undefined || 'aria2c is not installed (Debian: aria2)',
  seed: (ground, options) => Aria2.start(ground, options),
  leech: (ground, options) => Aria2.start(ground, options),
}
