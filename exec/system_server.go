package exec

import (
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/planner/expr"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/types"
)

// sizeFuncs estimate: all tables share the engine's files, so a size is the
// number of rows times their average width.
var sizeFuncs = map[string]systemFunc{
	"pg_relation_size":       relationSize(func(y *system, t *catalog.Table) int64 { return y.source().Stats(t).Bytes }),
	"pg_table_size":          relationSize(func(y *system, t *catalog.Table) int64 { return y.source().Stats(t).Bytes }),
	"pg_indexes_size":        relationSize(indexBytes),
	"pg_total_relation_size": relationSize(func(y *system, t *catalog.Table) int64 { return y.source().Stats(t).Bytes + indexBytes(y, t) }),
	"pg_database_size": func(y *system, a []types.Datum) (types.Datum, error) {
		name := ""
		if a[0].Kind() == types.KindBytes {
			name = a[0].Text()
		}
		dbs, err := y.source().Databases()
		if err != nil {
			return types.Null, err
		}
		for _, d := range dbs {
			if d.Name != name && (name != "" || d.ID != oidArg(a[0])) {
				continue
			}
			// Only the tables of the session's own database are known here.
			size := int64(0)
			if d.ID == y.s.db.id {
				for _, t := range y.cat.Tables() {
					if t.Kind == catalog.KindTable && !t.Virtual {
						size += max(y.source().Stats(t).Bytes, 0) + indexBytes(y, t)
					}
				}
			}
			return types.NewInt(size), nil
		}
		if name != "" {
			return types.Null, sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", name)
		}
		return types.Null, nil
	},
	"pg_tablespace_size": nothing,
}

func relationSize(size func(*system, *catalog.Table) int64) systemFunc {
	return func(y *system, a []types.Datum) (types.Datum, error) {
		id := oidArg(a[0])
		if t := y.cat.TableByID(id); t != nil {
			if t.Kind != catalog.KindTable || t.Virtual {
				return types.NewInt(0), nil
			}
			return types.NewInt(max(size(y, t), 0)), nil
		}
		if t, i := y.cat.IndexByID(id); i != nil {
			return types.NewInt(indexSize(y, t, i)), nil
		}
		return types.Null, nil
	}
}

func indexBytes(y *system, t *catalog.Table) int64 {
	n := int64(0)
	for _, i := range t.Indexes {
		n += indexSize(y, t, i)
	}
	return n
}

// indexSize: the clustered index is the table itself and takes nothing more.
func indexSize(y *system, t *catalog.Table, i *catalog.Index) int64 {
	if i.Clustered() {
		return 0
	}
	width := rowOverhead
	for k := range i.Columns {
		width += typeWidth(i.Columns[k].Type.OID)
	}
	return int64(max(y.source().Stats(t).Rows, 0)) * int64(width)
}

// serverFuncs ask the running server.
var serverFuncs = map[string]systemFunc{
	"txid_current":                   txid,
	"pg_current_xact_id":             txid,
	"txid_current_if_assigned":       txidIfWritten,
	"pg_current_xact_id_if_assigned": txidIfWritten,
	"pg_cancel_backend": func(y *system, a []types.Datum) (types.Datum, error) {
		return y.signal(a, (*Session).Cancel)
	},
	"pg_terminate_backend": func(y *system, a []types.Datum) (types.Datum, error) {
		return y.signal(a, (*Session).Terminate)
	},
	"pg_postmaster_start_time": func(y *system, _ []types.Datum) (types.Datum, error) {
		return types.NewInt(types.TimestampFromTime(y.s.srv.started)), nil
	},
	"pg_conf_load_time": func(y *system, _ []types.Datum) (types.Datum, error) {
		return types.NewInt(types.TimestampFromTime(y.s.srv.started)), nil
	},
	"pg_is_in_recovery":       never,
	"pg_is_wal_replay_paused": never,
	"pg_is_other_temp_schema": never,
	"pg_my_temp_schema":       func(*system, []types.Datum) (types.Datum, error) { return types.NewInt(0), nil },
	"pg_tablespace_location":  func(*system, []types.Datum) (types.Datum, error) { return types.NewText(""), nil },
	"pg_stat_get_backend_idset": func(*system, []types.Datum) (types.Datum, error) {
		return types.Null, sqlerr.Unsupported("function pg_stat_get_backend_idset()")
	},
	"pg_blocking_pids": func(y *system, a []types.Datum) (types.Datum, error) {
		return pidArray(y.s.srv.blockers(int32(a[0].Int()))), nil
	},
	"pg_safe_snapshot_blocking_pids": func(y *system, a []types.Datum) (types.Datum, error) {
		return pidArray(y.s.srv.mgr.SafeSnapshotBlockers(int32(a[0].Int()))), nil
	},
	// For PostgreSQL's isolationtester: whether a session waits for a lock of one of the
	// others, or for a safe snapshot.
	"pg_isolation_test_session_is_blocked": func(y *system, a []types.Datum) (types.Datum, error) {
		pid := int32(a[0].Int())
		others := a[1].Array().Elems
		for _, b := range y.s.srv.blockers(pid) {
			if slices.ContainsFunc(others, func(d types.Datum) bool { return !d.IsNull() && d.Int() == int64(b) }) {
				return types.True, nil
			}
		}
		return types.NewBool(len(y.s.srv.mgr.SafeSnapshotBlockers(pid)) > 0), nil
	},
	"current_query": func(y *system, _ []types.Datum) (types.Datum, error) {
		return types.NewText(y.s.activityNow().Query), nil
	},
	// Statistics are not kept per session, so there is no snapshot of them to clear.
	"pg_stat_clear_snapshot": func(*system, []types.Datum) (types.Datum, error) { return types.NewText(""), nil },
}

// blockers lists the sessions that a session waits for a lock of.
func (srv *Server) blockers(pid int32) []int32 {
	return append(srv.mgr.BlockedBy(pid), srv.advisoryBlockers(pid)...)
}

func txid(y *system, _ []types.Datum) (types.Datum, error) {
	if y.s.txn == nil {
		return types.Null, nil
	}
	return types.NewInt(int64(y.s.txn.ID())), nil
}

func txidIfWritten(y *system, a []types.Datum) (types.Datum, error) {
	if y.s.txn == nil || !y.s.txn.Wrote() {
		return types.Null, nil
	}
	return txid(y, a)
}

func (y *system) signal(a []types.Datum, f func(*Session)) (types.Datum, error) {
	other := y.s.srv.Session(int32(a[0].Int()))
	if other == nil {
		y.s.notice("WARNING", sqlerr.New(sqlerr.Warning, "PID %d is not a PostgreSQL backend process", a[0].Int()))
		return types.False, nil
	}
	f(other)
	return types.True, nil
}

var _ expr.Session = (*Session)(nil)
