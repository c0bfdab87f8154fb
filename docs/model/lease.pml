/* Lease, fencing and takeover of durable work: what it is about, and how to run it, says docs/durable-model.md.
 *
 * Each atomic block of a driver is one operation of the port of the journal. What lies between two of them may
 * take for ever: a process that stands still is one that is not chosen. Time is not counted, for safety must
 * not need it: a lease may lapse at any moment, SURPRISES times even that of somebody alive.
 */

#define DRIVERS 2
#define STREAMS 2
#define MOST 1          /* streams that one `due` leases */
#ifndef FAULTS
#define FAULTS 1        /* crashes, or answers of the journal that are lost */
#endif
#ifndef SURPRISES
#define SURPRISES 1     /* leases that lapse though their owner is alive: it stood still, or clocks differ */
#endif
#define OWNERS 7        /* numbers from 1; one is given again only when nothing knows it any more */

#define NOBODY 0        /* owner of a stream that waits for whoever comes first */
#define NOTHING 99      /* owner of a stream that waits for nobody */

mtype = { gone, lasts, lapsed };
mtype lease[OWNERS] = gone;

typedef Stream {
    bool there;
    byte owner;
    byte seq;           /* how many events it has */
    bool command;       /* there is one in the outbox */
    bool timer;         /* there is one, and it is due whenever somebody looks */
    byte posted;
    byte taken;
    byte heir           /* whoever has leased it last: only the proof looks at it */
};
Stream streams[STREAMS];

byte faults = FAULTS;
bool alive[OWNERS];     /* some driver works as this owner */

#define KNOWN(who) (lease[who] != gone || alive[who] || streams[0].owner == who || \
    streams[1].owner == who || streams[0].heir == who || streams[1].heir == who)

inline let_go(stream) {
    if
    :: stream.command || stream.timer || stream.taken < stream.posted -> stream.owner = NOBODY
    :: else -> stream.owner = NOTHING
    fi
}

inline join() {
    d_step {
        me = 1;
        do
        :: KNOWN(me) -> me++; assert(me < OWNERS)
        :: else -> break
        od;
        lease[me] = lasts;
        alive[me] = true
    }
}

/* Forget all that is in memory; this owner is never used again. */
inline leave() {
    d_step {
        alive[me] = false;
        me = NOBODY;
        for (i : 0 .. STREAMS - 1) { holds[i] = false; seen[i] = 0; message[i] = 0 }
        i = 0
    }
}

inline renew() {
    if
    :: lease[me] == gone -> leave(); goto joining
    :: else -> lease[me] = lasts
    fi
}

/* Start the first stream that is not there, and hold it from the beginning. */
inline start() {
    for (i : 0 .. STREAMS - 1) {
        if
#ifdef UNGUARDED_START
        :: !streams[i].there ->
#else
        :: !streams[i].there && lease[me] != gone ->
#endif
            streams[i].there = true;
            streams[i].command = true;
            streams[i].seq = 1;
            take(i);
            break
        :: else
        fi
    };
    i = 0
}

inline take(number) {
    streams[number].owner = me;
    streams[number].heir = me;
    holds[number] = true;
    seen[number] = streams[number].seq
}

inline due() {
    if
    :: lease[me] == gone -> leave(); goto joining
    :: else
    fi;
    d_step {
        for (i : 0 .. STREAMS - 1) {
            if
            :: leased < MOST && streams[i].there && streams[i].owner == NOBODY -> take(i); leased++
            :: else
            fi
        };
        for (other : 1 .. OWNERS - 1) {
            if
            :: lease[other] == lapsed && other != me ->
                for (i : 0 .. STREAMS - 1) {
                    if
                    :: leased < MOST && streams[i].owner == other -> take(i); leased++
                    :: else
                    fi
                };
#ifdef DROPPED_TOO_EARLY
                lease[other] = gone
#else
                if
                :: streams[0].owner != other && streams[1].owner != other -> lease[other] = gone
                :: else
                fi
#endif
            :: else
            fi
        };
    };
    if
    :: leased > 0 && faults > 0 ->      /* its answer is lost: who knows what this owner holds now? */
        faults--;
#ifdef LOST_ANSWER_IGNORED
        for (i : 0 .. STREAMS - 1) { holds[i] = false; seen[i] = 0; message[i] = 0 }
#else
        leave();
        goto joining
#endif
    :: true
    fi;
    i = 0; other = 0; leased = 0
}

inline read_messages() {
    for (i : 0 .. STREAMS - 1) {
        if
        :: holds[i] && streams[i].owner == me -> message[i] = streams[i].posted
        :: else
        fi
    };
    i = 0
}

/* Tell the stream what has happened: its command is done, its timer was due, a message has come. */
inline append(number, stream) {
    if
    :: !holds[number]
#ifdef NO_FENCING
    :: holds[number] && stream.seq != seen[number] -> holds[number] = false
    :: holds[number] && stream.seq == seen[number] ->
#else
    :: holds[number] && stream.owner != me -> holds[number] = false; seen[number] = 0; message[number] = 0
    :: holds[number] && stream.owner == me ->
        assert(stream.seq == seen[number]);     /* else an event that was acknowledged is lost */
#endif
        if
        :: stream.command || stream.timer || message[number] > stream.taken ->
            assert(stream.heir == me);          /* else two owners run one stream */
            seen[number]++;
            stream.seq = seen[number];
            stream.timer = stream.command;
            stream.command = false;
            stream.taken = message[number];
            if
            :: let_go(stream); holds[number] = false; seen[number] = 0; message[number] = 0
            :: true
            fi;
            if
            :: faults > 0 -> faults--; leave(); goto joining        /* its answer is lost */
            :: true
            fi
        :: else
        fi
    fi
}

proctype Driver() {
    byte me = NOBODY;
    bool holds[STREAMS];
    byte seen[STREAMS];         /* how many events of a stream are in memory */
    byte message[STREAMS];      /* the last one that is in memory */
    byte i, other, leased;

joining:
    atomic { join() };
    do
    :: atomic { faults > 0 -> faults--; leave(); goto joining }     /* it crashes */
    :: true ->
       atomic { renew() };
       atomic { start() };
       atomic { due(); read_messages() };
       /* Here it does commands: a process may stand still for as long as it likes. */
       atomic { append(0, streams[0]) };
       atomic { append(1, streams[1]) }
    od
}

/* Leases that nobody renews any more lapse, sooner or later. */
proctype Time() {
    byte i;
    do
    :: atomic {
            i = 1;
            do
            :: i < OWNERS && !(lease[i] == lasts && !alive[i]) -> i++
            :: else -> break
            od;
            if
            :: i < OWNERS -> lease[i] = lapsed
            :: else
            fi;
            i = 0
        }
    od
}

/* So do, now and then, those of somebody alive. */
proctype Surprise() {
    byte so_far, i;
    do
    :: atomic { so_far < SURPRISES ->
            so_far++;
            select (i : 1 .. OWNERS - 1);
            if
            :: lease[i] == lasts && alive[i] -> lease[i] = lapsed
            :: else     /* nobody is surprised */
            fi;
            i = 0
        }
    :: so_far == SURPRISES -> break
    od
}

/* Somebody posts a message to the first stream, whoever holds it. */
proctype Poster() {
    atomic {
        streams[0].there;
        streams[0].posted++;
        if
        :: streams[0].owner == NOBODY || streams[0].owner == NOTHING -> let_go(streams[0])
        :: else
        fi
    }
}

init {
    atomic {
        byte i;
        for (i : 1 .. DRIVERS) { run Driver() };
        run Time(); run Surprise(); run Poster()
    }
}

#define WORKED_OFF(stream) (stream.there && !stream.command && !stream.timer && stream.taken == stream.posted)

/* No stream is stuck, and no message is left lying: sooner or later all is done. */
ltl all_is_done { <> (WORKED_OFF(streams[0]) && WORKED_OFF(streams[1]) && streams[0].posted == 1) }
