-- INSERT, UPDATE, DELETE, RETURNING, ON CONFLICT, and what refuses them.
create table dept (id int primary key, name text not null unique);
create table emp (
  id bigserial primary key,
  dept int references dept on delete cascade on update cascade,
  name text not null,
  salary numeric(8,2) default 1000 check (salary > 0),
  boss bigint references emp,
  tags text[] default '{}'
);
insert into dept values (1, 'ops'), (2, 'dev'), (3, 'hr') returning *;
insert into emp (dept, name, salary, boss) values (1, 'ann', 5000, null), (2, 'bob', 4000, 1), (2, 'cy', 3000.555, 1), (null, 'di', default, 2) returning id, name, salary;
insert into emp (dept, name) values (9, 'nobody');
insert into emp (dept, name, salary) values (1, 'free', 0);
insert into emp (dept) values (1);
insert into dept values (1, 'again');
insert into dept values (4, 'ops');
insert into dept (id, nme) values (4, 'x');
insert into dept values (4, 'x', 5);
insert into dept (id, name) values (4);
insert into emp (name, salary) values ('rich', 12345678.9);
insert into dept values (1, 'OPS'), (5, 'law') on conflict (id) do update set name = excluded.name || '!' where dept.id = 1 returning *;
insert into dept values (5, 'new') on conflict do nothing returning *;
insert into dept values (6, 'a'), (6, 'b') on conflict (id) do update set name = excluded.name;
insert into dept values (6, 'a') on conflict (name) do nothing;
insert into dept values (6, 'a') on conflict (foo) do nothing;
update emp set salary = salary * 1.1, tags = array['raised', name] where dept = 2 returning name, salary, tags;
update emp set (name, salary) = (select upper(d.name), 77 from dept d where d.id = emp.dept) where id = 3 returning *;
update emp e set name = e.name || '@' || d.name from dept d where d.id = e.dept and d.id = 1 returning e.name, d.*;
update emp set salary = -1 where id = 1;
update emp set id = id;
update dept set id = 20 where id = 2;
select id, dept from emp order by id;
delete from emp where id = 1;
delete from emp e using dept d where d.id = e.dept and d.name = 'dev' and e.boss is null;
delete from emp where boss = 2 returning id, name;
delete from dept where id = 20;
select id, dept, name from emp order by id;
with moved as (delete from dept where id > 2 returning *), added as (insert into dept select id + 100, name || '*' from moved returning id) select * from added order by 1;
select * from dept order by id;
begin;
savepoint a;
insert into dept values (1, 'dup');
select 1;
rollback to a;
insert into dept values (7, 'seven');
release a;
commit;
truncate dept;
truncate dept cascade;
select count(*) from emp;
insert into dept select i, 'd' || i from generate_series(1, 3) i;
insert into emp (dept, name) select id, name || '-boss' from dept returning id > 4 as more, name;
table dept;
drop table dept;
drop table dept cascade;
select * from dept;
