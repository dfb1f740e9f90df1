"""What we use of libspandsp.so.2, as ctypes declarations (names and types from its installed headers)."""

import ctypes
from collections.abc import Callable
from enum import IntEnum
from typing import Any

SAMPLE_RATE = 8000
lib = ctypes.CDLL("libspandsp.so.2")

_P, _I, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
AtTx = ctypes.CFUNCTYPE(_I, _P, _P, _P, ctypes.c_size_t)  # at state, user, octets, length
ModemControl = ctypes.CFUNCTYPE(_I, _P, _P, _I, _P)  # t31 state, user, operation, number
T38Tx = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _I)
PhaseHandler = ctypes.CFUNCTYPE(_I, _P, _P, _I)
PhaseEHandler = ctypes.CFUNCTYPE(None, _P, _P, _I)
RowHandler = ctypes.CFUNCTYPE(_I, _P, _P, ctypes.c_size_t)
DocumentHandler = ctypes.CFUNCTYPE(_I, _P, _P, _I)
FrameHandler = ctypes.CFUNCTYPE(None, _P, _P, _I, _P, _I)  # t30 state, user, incoming, octets, length


class CallEvent(IntEnum):
    """AT_CALL_EVENT_*: what the telephone network tells the modem."""

    ALERTING = 1
    CONNECTED = 2
    ANSWERED = 3
    BUSY = 4
    NO_DIALTONE = 5
    NO_ANSWER = 6
    HANGUP = 7


class Operation(IntEnum):
    """AT_MODEM_CONTROL_*: what the modem tells the telephone network, and its flow control."""

    CALL = 0
    ANSWER = 1
    HANGUP = 2
    OFFHOOK = 3
    ONHOOK = 4
    CTS = 7


class Statistics(ctypes.Structure):
    """t30_stats_t."""

    _fields_ = [
        (name, _I)
        for name in (
            "bit_rate",
            "error_correcting_mode",
            "pages_tx",
            "pages_rx",
            "pages_in_file",
            "x_resolution",
            "y_resolution",
            "width",
            "length",
            "image_size",
            "encoding",
            "bad_rows",
            "longest_bad_row_run",
            "error_correcting_mode_retries",
            "current_status",
        )
    ]


MODEMS = {"v27": 1, "v29": 2, "v17": 4}
COMPRESSIONS = {"mh": 0x02, "mr": 0x04, "mmr": 0x08}
ENCODINGS = {0: "none", 1: "mh", 2: "mr", 3: "mmr"}
RESOLUTIONS = {
    "std": 0x01,
    "fine": 0x02,
    "superfine": 0x04,
    "r8": 0x20000,
    "r16": 0x40000,
    "300": 0x100000,
    "400": 0x200000,
}
ALL_A4_SIZES = 0x1F0007
ALL_FEATURES = 0x1F


_Type = type[Any] | None


def _function(name: str, result: _Type, *arguments: _Type) -> Callable[..., Any]:
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]


fax_init = _function("fax_init", _P, _P, _I)
fax_free = _function("fax_free", _I, _P)
fax_rx = _function("fax_rx", _I, _P, _P, _I)
fax_tx = _function("fax_tx", _I, _P, _P, _I)
fax_set_transmit_on_idle = _function("fax_set_transmit_on_idle", None, _P, _I)
fax_get_t30_state = _function("fax_get_t30_state", _P, _P)
fax_get_logging_state = _function("fax_get_logging_state", _P, _P)

t30_set_tx_ident = _function("t30_set_tx_ident", _I, _P, _S)
t30_get_rx_ident = _function("t30_get_rx_ident", _S, _P)
ADDRESSES = {
    name: (_function(f"t30_set_tx_{word}", _I, _P, _S), _function(f"t30_get_rx_{word}", _S, _P))
    for name, word in {
        "sub": "sub_address",
        "sid": "sender_ident",
        "sep": "selective_polling_address",
        "pwd": "password",
    }.items()
}
t30_set_rx_file = _function("t30_set_rx_file", None, _P, _S, _I)
t30_set_tx_file = _function("t30_set_tx_file", None, _P, _S, _I, _I)
t30_set_ecm_capability = _function("t30_set_ecm_capability", _I, _P, _I)
t30_set_minimum_scan_line_time = _function("t30_set_minimum_scan_line_time", _I, _P, _I)
t30_set_supported_modems = _function("t30_set_supported_modems", _I, _P, _I)
t30_set_supported_compressions = _function("t30_set_supported_compressions", _I, _P, _I)
t30_set_supported_resolutions = _function("t30_set_supported_resolutions", _I, _P, _I)
t30_set_supported_image_sizes = _function("t30_set_supported_image_sizes", _I, _P, _I)
t30_set_supported_t30_features = _function("t30_set_supported_t30_features", _I, _P, _I)
t30_set_phase_b_handler = _function("t30_set_phase_b_handler", None, _P, PhaseHandler, _P)
t30_set_phase_e_handler = _function("t30_set_phase_e_handler", None, _P, PhaseEHandler, _P)
t30_set_real_time_frame_handler = _function("t30_set_real_time_frame_handler", None, _P, FrameHandler, _P)
t30_get_transfer_statistics = _function("t30_get_transfer_statistics", None, _P, ctypes.POINTER(Statistics))
t30_get_logging_state = _function("t30_get_logging_state", _P, _P)
t30_call_active = _function("t30_call_active", _I, _P)
t30_terminate = _function("t30_terminate", None, _P)
t30_completion_code_to_str = _function("t30_completion_code_to_str", _S, _I)
t30_frametype = _function("t30_frametype", _S, ctypes.c_uint8)

t30_set_document_handler = _function("t30_set_document_handler", None, _P, DocumentHandler, _P)

t4_rx_init = _function("t4_rx_init", _P, _P, _S, _I)
t4_rx_set_rx_encoding = _function("t4_rx_set_rx_encoding", _I, _P, _I)
t4_rx_set_image_width = _function("t4_rx_set_image_width", None, _P, _I)
t4_rx_set_row_write_handler = _function("t4_rx_set_row_write_handler", _I, _P, RowHandler, _P)
t4_rx_start_page = _function("t4_rx_start_page", _I, _P)
t4_rx_put_chunk = _function("t4_rx_put_chunk", _I, _P, _S, _I)
t4_rx_end_page = _function("t4_rx_end_page", _I, _P)
t4_rx_free = _function("t4_rx_free", _I, _P)
t4_tx_init = _function("t4_tx_init", _P, _P, _S, _I, _I)
t4_tx_set_tx_encoding = _function("t4_tx_set_tx_encoding", _I, _P, _I)
t4_tx_set_min_bits_per_row = _function("t4_tx_set_min_bits_per_row", None, _P, _I)
t4_tx_start_page = _function("t4_tx_start_page", _I, _P)
t4_tx_get_chunk = _function("t4_tx_get_chunk", _I, _P, ctypes.c_char_p, _I)
t4_tx_free = _function("t4_tx_free", _I, _P)

t31_init = _function("t31_init", _P, _P, AtTx, _P, ModemControl, _P, T38Tx, _P)
t31_free = _function("t31_free", _I, _P)
t31_at_rx = _function("t31_at_rx", _I, _P, _S, _I)
t31_rx = _function("t31_rx", _I, _P, _P, _I)
t31_tx = _function("t31_tx", _I, _P, _P, _I)
t31_call_event = _function("t31_call_event", None, _P, _I)
t31_set_transmit_on_idle = _function("t31_set_transmit_on_idle", None, _P, _I)
t31_get_logging_state = _function("t31_get_logging_state", _P, _P)
at_put_response = _function("at_put_response", None, _P, _S)  # at_state_t is the first member of t31_state_t

span_log_set_level = _function("span_log_set_level", _I, _P, _I)
