package pgcatalog

import (
	"slices"

	"github.com/minisql/minisql/catalog"
	"github.com/minisql/minisql/types"
)

// predefined are the roles that every PostgreSQL has. Here they own things (public
// belongs to pg_database_owner) and grant nothing: there are no privileges.
var predefined = []catalog.Role{
	{ID: 3373, Name: "pg_monitor"}, {ID: 3374, Name: "pg_read_all_settings"}, {ID: 3375, Name: "pg_read_all_stats"},
	{ID: 3377, Name: "pg_stat_scan_tables"}, {ID: 4200, Name: "pg_signal_backend"}, {ID: 4544, Name: "pg_checkpoint"},
	{ID: 4569, Name: "pg_read_server_files"}, {ID: 4570, Name: "pg_write_server_files"},
	{ID: 4571, Name: "pg_execute_server_program"}, {ID: 6171, Name: "pg_database_owner"},
	{ID: 6181, Name: "pg_read_all_data"}, {ID: 6182, Name: "pg_write_all_data"},
}

// Roles lists all roles: the server's, the predefined ones, and those that are
// known by name only because they own something. builtin is how many of the
// first are predefined.
func (x *maker) allRoles() (builtin, others []catalog.Role, err error) {
	roles, err := x.src.Roles()
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]bool)
	for _, r := range predefined {
		known[r.Name] = true
	}
	for _, r := range append([]catalog.Role{{ID: catalog.BootstrapRoleID, Name: catalog.BootstrapRole}}, roles...) {
		if !known[r.Name] {
			known[r.Name] = true
			others = append(others, r)
		}
	}
	named := func(name string) {
		if name != "" && !known[name] {
			known[name] = true
			others = append(others, catalog.Role{ID: unknownRole(name), Name: name})
		}
	}
	named(x.src.CurrentUser())
	for _, s := range x.cat.Schemas() {
		named(s.Owner)
	}
	for _, t := range x.cat.Tables() {
		named(t.Owner)
	}
	dbs, err := x.src.Databases()
	for _, d := range dbs {
		named(d.Owner)
	}
	return predefined, others, err
}

// role is the OID of a role's name. Errors were met by allRoles already; then
// owners have no number.
func (x *maker) role(name string) catalog.ID {
	if x.roles == nil {
		x.roles = make(map[string]catalog.ID)
		builtin, others, err := x.allRoles()
		if err != nil {
			return 0
		}
		for _, r := range slices.Concat(builtin, others) {
			x.roles[r.Name] = r.ID
		}
	}
	return x.roles[name]
}

// Roles lists every role by name: for regrole and pg_get_userbyid.
func Roles(src Source) ([]catalog.Role, error) {
	x := &maker{src: src, cat: src.Catalog()}
	builtin, others, err := x.allRoles()
	return slices.Concat(builtin, others), err
}

// eachRole adds a row per role; p is the prefix of the column names.
func (x *maker) eachRole(b *builder, f func(r catalog.Role, login bool)) error {
	builtin, others, err := x.allRoles()
	for _, r := range others {
		f(r, true)
	}
	for _, r := range builtin {
		f(r, false)
	}
	return err
}

func pgAuthid(x *maker, b *builder) error {
	return x.eachRole(b, func(r catalog.Role, login bool) { roleRow(b, r, login) })
}

func pgRoles(x *maker, b *builder) error {
	return x.eachRole(b, func(r catalog.Role, login bool) {
		roleRow(b, r, login)
		b.set("rolpassword", "********")
	})
}

func roleRow(b *builder, r catalog.Role, login bool) {
	first := login && r.ID == catalog.BootstrapRoleID
	b.add().set("oid", r.ID).set("rolname", r.Name).set("rolsuper", login).set("rolinherit", true).set("rolcreaterole", login).
		set("rolcreatedb", login).set("rolcanlogin", login).set("rolreplication", first).set("rolbypassrls", first).set("rolconnlimit", -1)
}

func pgUser(x *maker, b *builder) error {
	return x.eachRole(b, func(r catalog.Role, login bool) {
		if login {
			first := r.ID == catalog.BootstrapRoleID
			b.add().set("usename", r.Name).set("usesysid", r.ID).set("usecreatedb", true).set("usesuper", true).
				set("userepl", first).set("usebypassrls", first).set("passwd", "********")
		}
	})
}

func pgShadow(x *maker, b *builder) error {
	if err := pgUser(x, b); err != nil {
		return err
	}
	for _, r := range b.rows {
		r[b.slots["passwd"]] = types.Null
	}
	return nil
}

func pgGroup(x *maker, b *builder) error {
	return x.eachRole(b, func(r catalog.Role, login bool) {
		if !login {
			b.add().set("groname", r.Name).set("grosysid", r.ID).set("grolist", ints(types.OidOID, []int{}))
		}
	})
}

// pgAuthMembers has what PostgreSQL grants from the start: pg_monitor is a
// member of the three roles that it is made of.
func pgAuthMembers(_ *maker, b *builder) error {
	for _, of := range []int{3374, 3375, 3377} {
		b.add().set("roleid", of).set("member", 3373).set("grantor", catalog.BootstrapRoleID)
	}
	return nil
}

func pgDatabase(x *maker, b *builder) error {
	dbs, err := x.src.Databases()
	for _, d := range dbs {
		b.add().set("oid", d.ID).set("datname", d.Name).set("datdba", x.role(d.Owner)).set("encoding", 6).
			set("datlocprovider", byte('c')).set("datistemplate", d.ID == catalog.Template0ID || d.ID == catalog.Template1ID).
			set("datallowconn", d.ID != catalog.Template0ID).set("datconnlimit", -1).set("dattablespace", 1663).
			set("datcollate", "C").set("datctype", "C.UTF-8")
		if d.ID == catalog.Template0ID || d.ID == catalog.Template1ID {
			b.set("datacl", []string{"=c/" + d.Owner, d.Owner + "=CTc/" + d.Owner})
		}
	}
	return err
}

func pgShdescription(x *maker, b *builder) error {
	dbs, err := x.src.Databases()
	for _, d := range dbs {
		if d.Comment != "" {
			b.add().set("objoid", d.ID).set("classoid", databaseClass).set("description", d.Comment)
		}
	}
	return err
}
