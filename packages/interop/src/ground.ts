// The ground that one test stands on: a temporary folder, an address where everybody of this test listens, and everything that was
// started on it. Leaving it stops and removes all of that, whether the test passed or not.
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetworkNamespace } from './network-namespace.ts'

/** Where a test runs. */
export interface GroundOptions {
  /**
   * Gives the test a network namespace of its own, for programs that refuse peers on loopback addresses. `host` is then our end of
   * the link. Needs root. @default false
   */
  readonly namespace?: boolean
  /** Parent of the temporary folder. @default the system's */
  readonly parent?: string
}

/** See the module's header. */
export class Ground implements AsyncDisposable {
  /** Address on which our side listens: `127.0.0.1`, or our end of the link into the namespace. */
  readonly host: string
  /** Another address of ours: some programs (transmission) know a peer by its address alone and take one of each. */
  readonly secondHost: string
  readonly namespace: NetworkNamespace | undefined
  readonly #root: string
  readonly #owned: AsyncDisposable[] = []
  #folders = 0

  private constructor(root: string, namespace: NetworkNamespace | undefined) {
    this.#root = root
    this.namespace = namespace
    this.host = namespace?.outside ?? '127.0.0.1'
    this.secondHost = namespace?.secondOutside ?? '127.0.0.2'
  }

  static async create(options: GroundOptions = {}): Promise<Ground> {
    const namespace = options.namespace === true ? await NetworkNamespace.create() : undefined
    return new Ground(await mkdtemp(join(options.parent ?? tmpdir(), 'torrential-interop-')), namespace)
  }

  /** A new empty folder whose path starts with the name. */
  async folder(name: string): Promise<string> {
    this.#folders += 1
    const path = join(this.#root, `${name}-${this.#folders}`)
    await mkdir(path)
    return path
  }

  /** The same for a program that gives up root: every user can read it. */
  async openFolder(name: string): Promise<string> {
    const path = await this.folder(name)
    await chmod(this.#root, 0o755)
    await chmod(path, 0o755)
    return path
  }

  /** Takes over the duty to dispose of something. */
  own<Owned extends AsyncDisposable>(owned: Owned): Owned {
    this.#owned.push(owned)
    return owned
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The other way round: a peer that says goodbye to its tracker finds it still there.
    for (const owned of this.#owned.toReversed()) await Promise.allSettled([owned[Symbol.asyncDispose]()])
    await this.namespace?.[Symbol.asyncDispose]()
    await rm(this.#root, { recursive: true, force: true, maxRetries: 3 })
  }
}
