/**
 * Writes one message of the protocol buffer format (https://protobuf.dev/programming-guides/encoding), as much of it as a
 * TensorFlow graph needs. Fields are written in the order of the calls.
 */
export class Message {
  private readonly parts: Buffer[] = [];

  integer(field: number, value: number): this {
    this.tag(field, 0);
    this.parts.push(varint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.tag(field, 5);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.parts.push(bytes);
    return this;
  }

  /** Text, bytes or a message within this one. */
  bytes(field: number, value: string | Uint8Array | Message): this {
    const content = value instanceof Message ? value.encode() : Buffer.from(value);
    this.tag(field, 2);
    this.parts.push(varint(content.length), content);
    return this;
  }

  encode(): Buffer {
    return Buffer.concat(this.parts);
  }

  private tag(field: number, wireType: number): void {
    this.parts.push(varint((field << 3) | wireType));
  }
}

/** Negative numbers take ten bytes, as 64-bit two's complement. */
function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}
