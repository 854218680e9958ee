/* SPDX-License-Identifier: MIT */
/*
 * The action of a frontend for each state and event: the table has every pair, so that any value
 * written by the other side is covered (XSA-465). After a resume there is no connection to close.
 * Where a backend's state ends a connection, the event is FE_EV_DETACH instead if the device does
 * not come back.
 */
#include <kernel/frontend.h>

_Static_assert((unsigned)FE_EV_TIMEOUT > (unsigned)XenbusStateReconfigured,
               "events of our own lie beyond the backend's states");

#define DO(what) FE_DO_##what

static const uint8_t table[FE_STATES][FE_EVENTS] = {
    /* A backend that is Connected ignores Initialising, and new keys, too: it would continue
     * with the rings of the earlier connection. That connection has to be closed first. */
    [FE_FOUND] =
        {
            [XenbusStateUnknown] = DO(BEGIN),
            [XenbusStateInitialising] = DO(BEGIN),
            [XenbusStateInitWait] = DO(BEGIN),
            [XenbusStateInitialised] = DO(RESET),
            [XenbusStateConnected] = DO(RESET),
            [XenbusStateClosing] = DO(RESET_END),
            [XenbusStateClosed] = DO(BEGIN),
            [XenbusStateReconfiguring] = DO(RESET),
            [XenbusStateReconfigured] = DO(RESET),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(FINISH),
            [FE_EV_FAIL] = DO(FINISH),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(FINISH),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    [FE_RESET] =
        {
            [XenbusStateUnknown] = DO(BEGIN),
            [XenbusStateInitialising] = DO(BEGIN),
            [XenbusStateInitWait] = DO(BEGIN),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(RESET_END),
            [XenbusStateClosed] = DO(BEGIN),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(FINISH),
            [FE_EV_FAIL] = DO(FINISH),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(FINISH),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    [FE_RESET_WAIT] =
        {
            [XenbusStateUnknown] = DO(BEGIN),
            [XenbusStateInitialising] = DO(BEGIN),
            [XenbusStateInitWait] = DO(BEGIN),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(NOTHING),
            [XenbusStateClosed] = DO(BEGIN),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(FINISH),
            [FE_EV_FAIL] = DO(FINISH),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(FINISH),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    /* A backend found Closed is still ending the guest's (or driver's) last connection: it will
     * go to InitWait when it sees our Initialising. One that is Closing reacts to an earlier
     * value of our node, and ignores Initialising until it has seen Closed. A missing state may
     * still be written. One that is beyond InitWait already (qdisk may be) has made its offers. */
    [FE_WAIT_INIT] =
        {
            [XenbusStateUnknown] = DO(NOTHING),
            [XenbusStateInitialising] = DO(NOTHING),
            [XenbusStateInitWait] = DO(NEGOTIATE),
            [XenbusStateInitialised] = DO(NEGOTIATE),
            [XenbusStateConnected] = DO(NEGOTIATE),
            [XenbusStateClosing] = DO(RESET_END),
            [XenbusStateClosed] = DO(NOTHING),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(FINISH),
            [FE_EV_FAIL] = DO(FINISH),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(FINISH),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    /* Initialising or InitWait: it has not reacted yet, or was restarted and will find our keys. */
    [FE_WAIT_CONNECT] =
        {
            [XenbusStateUnknown] = DO(RECONNECT),
            [XenbusStateInitialising] = DO(NOTHING),
            [XenbusStateInitWait] = DO(NOTHING),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(CONNECT),
            [XenbusStateClosing] = DO(LEAVE),
            [XenbusStateClosed] = DO(RECONNECT),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(LOSE),
            [FE_EV_CLOSE] = DO(LOSE),
            [FE_EV_FAIL] = DO(LOSE),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(LOSE),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    /* A backend that was restarted goes to InitWait, and may then connect to the rings in our
     * keys: so the frontend follows it only when it has seen our Closing. */
    [FE_LEAVE] =
        {
            [XenbusStateUnknown] = DO(RECONNECT),
            [XenbusStateInitialising] = DO(NOTHING),
            [XenbusStateInitWait] = DO(NOTHING),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(LEAVE_END),
            [XenbusStateClosed] = DO(RECONNECT),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(LOSE),
            [FE_EV_FAIL] = DO(LOSE),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(LOSE),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    /* Initialising or InitWait: it was Closed so briefly that we missed it. */
    [FE_LEAVE_WAIT] =
        {
            [XenbusStateUnknown] = DO(RECONNECT),
            [XenbusStateInitialising] = DO(RECONNECT),
            [XenbusStateInitWait] = DO(RECONNECT),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(NOTHING),
            [XenbusStateClosed] = DO(RECONNECT),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(LOSE),
            [FE_EV_FAIL] = DO(LOSE),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(LOSE),
            [FE_EV_MOVED] = DO(RECONNECT),
        },
    /* Back to an earlier state: it was restarted and does not have our rings. */
    [FE_CONNECTED] =
        {
            [XenbusStateUnknown] = DO(RECONNECT),
            [XenbusStateInitialising] = DO(LEAVE),
            [XenbusStateInitWait] = DO(LEAVE),
            [XenbusStateInitialised] = DO(LEAVE),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(LEAVE),
            [XenbusStateClosed] = DO(RECONNECT),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(NOTHING),
            [FE_EV_CLOSE] = DO(LOSE),
            [FE_EV_FAIL] = DO(LOSE),
            [FE_EV_RESUME] = DO(RESTART),
            [FE_EV_DETACH] = DO(LOSE),
            [FE_EV_MOVED] = DO(NOTHING),
        },
    /* Anything but Closing and Closed: it has not seen ours yet. */
    [FE_CLOSING] =
        {
            [XenbusStateUnknown] = DO(FINISH),
            [XenbusStateInitialising] = DO(NOTHING),
            [XenbusStateInitWait] = DO(NOTHING),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(CLOSE),
            [XenbusStateClosed] = DO(FINISH),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(NOTHING),
            [FE_EV_FAIL] = DO(NOTHING),
            [FE_EV_RESUME] = DO(FINISH),
            [FE_EV_DETACH] = DO(NOTHING),
            [FE_EV_MOVED] = DO(NOTHING),
        },
    /* Initialising or InitWait: it was Closed so briefly that we missed it. */
    [FE_CLOSE_WAIT] =
        {
            [XenbusStateUnknown] = DO(FINISH),
            [XenbusStateInitialising] = DO(FINISH),
            [XenbusStateInitWait] = DO(FINISH),
            [XenbusStateInitialised] = DO(NOTHING),
            [XenbusStateConnected] = DO(NOTHING),
            [XenbusStateClosing] = DO(NOTHING),
            [XenbusStateClosed] = DO(FINISH),
            [XenbusStateReconfiguring] = DO(NOTHING),
            [XenbusStateReconfigured] = DO(NOTHING),
            [FE_EV_TIMEOUT] = DO(FINISH),
            [FE_EV_CLOSE] = DO(NOTHING),
            [FE_EV_FAIL] = DO(NOTHING),
            [FE_EV_RESUME] = DO(FINISH),
            [FE_EV_DETACH] = DO(NOTHING),
            [FE_EV_MOVED] = DO(NOTHING),
        },
    /* The end: the frontend's thread has gone. */
    [FE_CLOSED] = {[0 ... FE_EVENTS - 1] = DO(NOTHING)},
};

enum frontend_action frontend_next(enum frontend_state state, unsigned event)
{
    if ((unsigned)state >= FE_STATES || event >= FE_EVENTS)
        return FE_DO_NOTHING;
    return (enum frontend_action)table[state][event];
}

const char *xenbus_state_name(unsigned state)
{
    static const char *const names[] = {
        [XenbusStateUnknown] = "Unknown",
        [XenbusStateInitialising] = "Initialising",
        [XenbusStateInitWait] = "InitWait",
        [XenbusStateInitialised] = "Initialised",
        [XenbusStateConnected] = "Connected",
        [XenbusStateClosing] = "Closing",
        [XenbusStateClosed] = "Closed",
        [XenbusStateReconfiguring] = "Reconfiguring",
        [XenbusStateReconfigured] = "Reconfigured",
    };

    return state < ARRAY_SIZE(names) ? names[state] : "?";
}
