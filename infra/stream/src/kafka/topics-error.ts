/** The topics would lose or refuse what is sent to them. `faults`: each with what to do; all that were found. */
export class KafkaTopicsError extends Error {
  override readonly name = "KafkaTopicsError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Kafka's topics cannot be used: ${faults.join("; ")}`);
    this.faults = faults;
  }
}
