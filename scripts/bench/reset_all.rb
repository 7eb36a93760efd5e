# Rails' own way over all tables. usage: ruby reset_all.rb  (the PG* variables say where)
require 'active_record'
ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV.fetch('PGDATABASE'))
connection = ActiveRecord::Base.connection
connection.tables.each { |table| connection.reset_pk_sequence!(table) }
