// Finding a port to listen on: the first of the list that is free, the same for IPv6 and IPv4.

import type { Listener, Transport } from '@torrential/contracts'
import { InputError, isTorrentialError, peerAddress } from '@torrential/primitives'

/** One or more listeners on one port. */
export interface Listening extends AsyncDisposable {
  readonly port: number
  readonly listeners: readonly Listener[]
}

/** @throws InputError `LISTEN_…` of the last port tried, `ADDRESS_HOST`, `ADDRESS_PORT`, `OPTION_RANGE` for an empty list */
export async function listenFirst(
  transport: Transport,
  host: string | undefined,
  ports: readonly number[],
): Promise<Listening> {
  let failure: unknown = new InputError('OPTION_RANGE', 'the list of ports is empty', { option: 'port' })
  for (const port of ports) {
    try {
      return asListening(await listenOn(transport, host, port))
    } catch (error) {
      if (!isTorrentialError(error) || !error.code.startsWith('LISTEN_')) throw error
      failure = error
    }
  }
  throw failure
}

async function listenOn(transport: Transport, host: string | undefined, port: number): Promise<Listener> {
  if (host !== undefined) return transport.listen(peerAddress(host, port))
  try {
    // `::` takes IPv4 too, where the system has IPv6 at all.
    return await transport.listen(peerAddress('::', port))
  } catch (error) {
    if (isTorrentialError(error) && error.code === 'LISTEN_IN_USE') throw error
    return transport.listen(peerAddress('0.0.0.0', port))
  }
}

function asListening(listener: Listener): Listening {
  return {
    port: listener.address.port,
    listeners: [listener],
    [Symbol.asyncDispose]: () => Promise.resolve(listener[Symbol.asyncDispose]()),
  }
}
