/** What has come from clients and gone to them: counters of INFO's stats, in bytes and times. */
export class Traffic {
  inputBytes = 0
  outputBytes = 0
  /** Of what came, how much was a master's: snapshots and the stream. */
  masterBytes = 0
  connections = 0
  rejectedConnections = 0
  /** Connections whose TLS handshake is under way: they are clients to maxclients, and in no reset's reach. */
  handshakes = 0
  /** Batches run: INFO's reads. */
  batches = 0
  /** Parts of output given to connections: INFO's writes. */
  writes = 0

  fromMaster(bytes: number): void {
    this.inputBytes += bytes
    this.masterBytes += bytes
  }

  sent(bytes: number): void {
    this.outputBytes += bytes
    this.writes++
  }

  reset(): void {
    this.inputBytes = this.outputBytes = this.masterBytes = 0
    this.connections = this.rejectedConnections = 0
    this.batches = this.writes = 0
  }
}
