package exec

import (
	"slices"
	"strings"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/parser"
	"github.com/minisql/minisql/sqlerr"
	"github.com/minisql/minisql/txn"
)

func (d *ddl) createSchema(n *parser.CreateSchemaStmt) error {
	name := n.Name
	if name == "" {
		name = n.Authorization
	}
	if strings.HasPrefix(name, "pg_") {
		return sqlerr.New(sqlerr.ReservedName, "unacceptable schema name %q", name).WithDetail("The prefix \"pg_\" is reserved for system schemas.")
	}
	if err := d.lockName(0, name); err != nil {
		return err
	}
	if sc := d.cat.Schema(name); sc != nil && sc.ID != catalog.MinisqlSchemaID { // a user's own goes before
		if n.IfNotExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists, skipping", name))
			return nil
		}
		return sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists", name)
	}
	id, err := d.newID()
	if err != nil {
		return err
	}
	owner := d.s.user
	if n.Authorization != "" {
		owner = n.Authorization
	}
	return d.putSchema(&catalog.Schema{ID: id, Name: name, Owner: owner})
}

func (d *ddl) putSchema(sc *catalog.Schema) error {
	if err := d.s.txn.Put(catalog.SchemaKey(d.s.db.id, sc.ID), catalog.Encode(sc)); err != nil {
		return err
	}
	d.changed(d.cat.WithSchema(d.version(), sc))
	return nil
}

func (d *ddl) createDatabase(n *parser.CreateDatabaseStmt) error {
	if d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "CREATE DATABASE cannot run inside a transaction block")
	}
	owner := d.s.user
	template := "template1"
	for _, o := range n.Options {
		switch o.Name {
		case "owner":
			if !o.Default {
				owner = o.Value
			}
		case "template":
			if !o.Default {
				template = o.Value
			}
		case "encoding":
			v := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(o.Value))
			if !o.Default && v != "utf8" && v != "unicode" && v != "6" {
				return sqlerr.Unsupported("encoding %q", o.Value)
			}
		case "locale", "lc_collate", "lc_ctype":
			switch {
			case o.Default || o.Value == "C" || o.Value == "POSIX":
			case strings.EqualFold(o.Value, "C.UTF-8") || strings.EqualFold(o.Value, "en_US.UTF-8") || strings.EqualFold(o.Value, "en_US.utf8"):
				d.s.notice("WARNING", sqlerr.New(sqlerr.Warning, "%s %q is not supported; texts sort bytewise (C)", o.Name, o.Value))
			default:
				return sqlerr.Unsupported("%s %q", o.Name, o.Value)
			}
		case "allow_connections", "connection_limit", "is_template", "tablespace", "oid", "strategy", "locale_provider", "icu_locale", "collation_version":
			if !o.Default && !(o.Name == "tablespace" && o.Value == "pg_default") && !(o.Name == "connection_limit" && o.Value == "-1") && o.Name != "strategy" {
				return sqlerr.Unsupported("CREATE DATABASE option %q", o.Name)
			}
		default:
			return sqlerr.New(sqlerr.SyntaxError, "option %q not recognized", o.Name).At(o.Pos)
		}
	}
	if err := d.lockDatabase(n.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	var source *catalog.Database
	for _, db := range all {
		if db.Name == n.Name {
			return sqlerr.New(sqlerr.DuplicateDatabase, "database %q already exists", n.Name)
		}
		if db.Name == template {
			source = db
		}
	}
	if source == nil {
		return sqlerr.New(sqlerr.InvalidCatalogName, "template database %q does not exist", template)
	}
	lo, hi := catalog.DescriptorsSpan(source.ID)
	objects := 0
	if err := eachPair(d.s.txn, lo, hi, func([]byte, []byte) error { objects++; return nil }); err != nil {
		return err
	}
	if objects > 1 {
		return sqlerr.Unsupported("CREATE DATABASE from a template that has objects of its own")
	}
	id, err := d.newID()
	if err != nil {
		return err
	}
	if err := createDatabase(d.s.txn, &catalog.Database{ID: id, Name: n.Name, Owner: owner}); err != nil {
		return err
	}
	d.s.txn.MarkSchemaChange()
	return nil
}

// lockDatabase keeps others from creating or dropping a database of this name,
// and looks at the databases anew.
func (d *ddl) lockDatabase(name string) error {
	key := append(catalog.DatabaseKey(0), name...)
	if _, err := d.s.txn.LockKey(d.ctx, key, txn.Update, txn.Wait); err != nil {
		return err
	}
	return d.refresh()
}

func (d *ddl) dropDatabase(n *parser.DropDatabaseStmt) error {
	if d.s.block == explicit {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "DROP DATABASE cannot run inside a transaction block")
	}
	if err := d.lockDatabase(n.Name); err != nil {
		return err
	}
	all, err := listDatabases(d.s.txn)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(db *catalog.Database) bool { return db.Name == n.Name })
	if at < 0 {
		if n.IfExists {
			d.s.notice("NOTICE", sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist, skipping", n.Name))
			return nil
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database %q does not exist", n.Name)
	}
	db := all[at]
	switch {
	case db.ID == d.s.db.id:
		return sqlerr.New(sqlerr.ObjectInUse, "cannot drop the currently open database")
	case db.ID == catalog.Template0ID || db.ID == catalog.Template1ID:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot drop a template database")
	}
	others := 0
	for _, s := range d.s.srv.Sessions() {
		if s.db.id == db.ID {
			others++
			if n.Force {
				s.Terminate()
			}
		}
	}
	if others > 0 && !n.Force {
		e := sqlerr.New(sqlerr.ObjectInUse, "database %q is being accessed by other users", n.Name)
		if others == 1 {
			return e.WithDetail("There is 1 other session using the database.")
		}
		return e.WithDetail("There are %d other sessions using the database.", others)
	}
	if err := d.s.txn.Delete(catalog.DatabaseKey(db.ID)); err != nil {
		return err
	}
	for _, span := range catalog.DatabaseDataSpans(db.ID) {
		if err := d.s.txn.DropSpan(span[0], span[1]); err != nil {
			return err
		}
	}
	d.s.txn.MarkSchemaChange()
	srv, id := d.s.srv, db.ID
	d.s.txn.OnEnd(func(committed bool) {
		if committed {
			srv.forget(id)
		}
	})
	return nil
}
