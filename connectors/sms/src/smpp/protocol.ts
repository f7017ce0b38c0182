/** Command ids that an ESME meets. The answer to one has the top bit set besides. SMPP 3.4, 5.1.2.1 */
export const COMMAND = {
  generic_nack: 0x8000_0000,
  bind_receiver: 0x0000_0001,
  bind_receiver_resp: 0x8000_0001,
  bind_transmitter: 0x0000_0002,
  bind_transmitter_resp: 0x8000_0002,
  submit_sm: 0x0000_0004,
  submit_sm_resp: 0x8000_0004,
  deliver_sm: 0x0000_0005,
  deliver_sm_resp: 0x8000_0005,
  unbind: 0x0000_0006,
  unbind_resp: 0x8000_0006,
  bind_transceiver: 0x0000_0009,
  bind_transceiver_resp: 0x8000_0009,
  enquire_link: 0x0000_0015,
  enquire_link_resp: 0x8000_0015,
  alert_notification: 0x0000_0102,
  data_sm: 0x0000_0103,
  data_sm_resp: 0x8000_0103,
} as const;
export type CommandName = keyof typeof COMMAND;

/** The bit of an answer. */
export const RESPONSE = 0x8000_0000;

/** command_status, as far as it is told apart. SMPP 3.4, 5.1.3 */
export const STATUS = {
  ok: 0x00,
  invalidMessageLength: 0x01,
  invalidCommandLength: 0x02,
  invalidCommandId: 0x03,
  invalidBindStatus: 0x04,
  alreadyBound: 0x05,
  systemError: 0x08,
  invalidSource: 0x0a,
  invalidDestination: 0x0b,
  bindFailed: 0x0d,
  invalidPassword: 0x0e,
  invalidSystemId: 0x0f,
  queueFull: 0x14,
  invalidSourceType: 0x48,
  invalidDestinationType: 0x50,
  throttled: 0x58,
  /** ESME_RX_T_APPN: not now, deliver it again. */
  temporaryFailure: 0x64,
} as const;

/** Tags of optional parameters that are read. SMPP 3.4, 5.3.2 */
export const TAG = {
  source_port: 0x020a,
  destination_port: 0x020b,
  sar_msg_ref_num: 0x020c,
  sar_total_segments: 0x020e,
  sar_segment_seqnum: 0x020f,
  receipted_message_id: 0x001e,
  message_payload: 0x0424,
  message_state: 0x0427,
} as const;
